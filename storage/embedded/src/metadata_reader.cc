#include "metadata_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "storage/object_rules.h"

namespace storage_embedded {
namespace {

using base::Result;
using storage::ObjectId;
using storage::ObjectStat;
using storage::ObjectVersion;
using storage::OmapPage;

// A page ends early beyond this.
constexpr std::size_t kPageBytesMax = 8 << 20;

// One more than asked for tells whether more follow.
std::int64_t limit_of(std::size_t most) {
  return static_cast<std::int64_t>(std::min<std::size_t>(most, 1 << 30)) + 1;
}

}  // namespace

Result<MetadataReader> MetadataReader::open(const std::string& file) {
  TRY(Database database, Database::open(file, kSettings));
  MetadataReader reader(std::move(database));
  const std::pair<Statement*, const char*> statements[] = {
      {&reader.begin_, "BEGIN"},
      {&reader.end_, "COMMIT"},
      {&reader.find_, "SELECT id, version FROM objects WHERE space=?1 AND name=?2"},
      {&reader.read_, "SELECT substr(bytes, ?2, ?3) FROM data WHERE object=?1"},
      {&reader.size_, "SELECT length(bytes) FROM data WHERE object=?1"},
      {&reader.value_, "SELECT value FROM omap WHERE object=?1 AND key=?2"},
      {&reader.page_,
       "SELECT key, value FROM omap WHERE object=?1 AND key>=?2 ORDER BY key LIMIT ?3"},
      {&reader.names_,
       "SELECT name FROM objects WHERE space=?1 AND name>?2 ORDER BY name LIMIT ?3"},
  };
  for (const auto& [statement, sql] : statements) {
    TRY(*statement, reader.database_.prepare(sql));
  }
  return reader;
}

template <typename Work>
auto MetadataReader::in_snapshot(Work work) -> decltype(work()) {
  TRY_STATUS(begin_.run());
  auto result = work();
  TRY_STATUS(end_.run());
  return result;
}

Result<MetadataReader::Row> MetadataReader::find(const ObjectId& object) {
  const InUse use(find_);
  TRY(const bool row, find_.bind_blob(1, object.space).bind_blob(2, object.name).step());
  if (!row) return object_missing(object);
  return Row{find_.number(0), static_cast<ObjectVersion>(find_.number(1))};
}

Result<std::string> MetadataReader::read(const ObjectId& object, std::uint64_t offset,
                                         std::uint64_t length) {
  return in_snapshot([&]() -> Result<std::string> {
    TRY(const Row found, find(object));
    if (offset > storage::kObjectBytesMax) return std::string();
    const auto wanted = std::min<std::uint64_t>(length, storage::kObjectBytesMax);
    const InUse use(read_);
    read_.bind(1, found.id).bind(2, static_cast<std::int64_t>(offset + 1));  // counts from 1
    TRY(const bool row, read_.bind(3, static_cast<std::int64_t>(wanted)).step());
    return std::string(row ? read_.bytes(0) : "");
  });
}

Result<ObjectStat> MetadataReader::stat(const ObjectId& object) {
  return in_snapshot([&]() -> Result<ObjectStat> {
    TRY(const Row found, find(object));
    const InUse use(size_);
    TRY(const bool row, size_.bind(1, found.id).step());
    const auto bytes = static_cast<std::uint64_t>(row ? size_.number(0) : 0);
    return ObjectStat{.bytes = bytes, .version = found.version};
  });
}

Result<OmapPage> MetadataReader::omap_get(const ObjectId& object,
                                          const std::vector<std::string>& keys) {
  return in_snapshot([&]() -> Result<OmapPage> {
    TRY(const Row found, find(object));
    OmapPage page{.entries = {}, .more = false, .version = found.version};
    for (const auto& key : keys) {
      const InUse use(value_);
      TRY(const bool row, value_.bind(1, found.id).bind_blob(2, key).step());
      if (row) page.entries.emplace(key, value_.bytes(0));
    }
    return page;
  });
}

Result<OmapPage> MetadataReader::omap_list(const ObjectId& object, const std::string& after,
                                           const std::string& prefix, std::size_t most) {
  return in_snapshot([&]() -> Result<OmapPage> {
    TRY(const Row found, find(object));
    OmapPage page{.entries = {}, .more = false, .version = found.version};
    // The least string that is greater than `after` is `after` and a NUL.
    const std::string first = prefix > after ? prefix : after + '\0';
    std::size_t bytes = 0;
    const InUse use(page_);
    page_.bind(1, found.id).bind_blob(2, first).bind(3, limit_of(most));
    while (true) {
      TRY(const bool row, page_.step());
      std::string key(row ? page_.bytes(0) : "");
      if (!row || !key.starts_with(prefix)) return page;
      page.more = page.entries.size() == most || bytes > kPageBytesMax;
      if (page.more) return page;
      std::string value(page_.bytes(1));
      bytes += key.size() + value.size();
      page.entries.emplace_hint(page.entries.end(), std::move(key), std::move(value));
    }
  });
}

Result<std::vector<std::string>> MetadataReader::list(const std::string& space, std::string& cursor,
                                                      std::size_t most) {
  std::vector<std::string> names;
  const InUse use(names_);
  names_.bind_blob(1, space).bind_blob(2, cursor).bind(3, limit_of(most));
  while (true) {
    TRY(const bool row, names_.step());
    if (!row) break;
    if (names.size() == most) {
      std::string next = names.empty() ? cursor : names.back();
      cursor = std::move(next);
      return names;
    }
    names.emplace_back(names_.bytes(0));
  }
  cursor.clear();
  return names;
}

}  // namespace storage_embedded
