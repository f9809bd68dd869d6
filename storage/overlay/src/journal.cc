#include "journal.h"

#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace storage_overlay {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::size_t kHeadBytes = 8;

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82f63b78U : 0);
    table[i] = value;
  }
  return table;
}

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr auto kTable = crc_table();
  std::uint32_t value = ~0U;
  for (const char byte : bytes)
    value = (value >> 8) ^ kTable[(value ^ static_cast<unsigned char>(byte)) & 0xff];
  return ~value;
}

// One description of each record serves both ways: Out appends what In reads.
struct Out {
  std::string& bytes;

  template <typename T>
    requires(std::is_integral_v<T> || std::is_enum_v<T>)
  void operator()(const T& value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void operator()(const std::string& value) {
    (*this)(static_cast<std::uint32_t>(value.size()));
    bytes += value;
  }
  void operator()(const storage::FileTime& value) { (*this)(value.time_since_epoch().count()); }
};

struct In {
  std::string_view bytes;
  bool good = true;

  template <typename T>
    requires(std::is_integral_v<T> || std::is_enum_v<T>)
  void operator()(T& value) {
    if (bytes.size() < sizeof value) {
      good = false;
      return;
    }
    std::memcpy(&value, bytes.data(), sizeof value);
    bytes.remove_prefix(sizeof value);
  }
  void operator()(bool& value) {
    std::uint8_t byte = 0;
    (*this)(byte);
    good = good && byte <= 1;
    value = byte == 1;
  }
  void operator()(std::string& value) {
    std::uint32_t size = 0;
    (*this)(size);
    if (size > bytes.size()) good = false;
    if (!good) return;
    value = bytes.substr(0, size);
    bytes.remove_prefix(size);
  }
  void operator()(storage::FileTime& value) {
    std::int64_t count = 0;
    (*this)(count);
    value = storage::FileTime(std::chrono::nanoseconds(count));
  }
};

void each(Out& io, const std::map<std::string, std::string>& map) {
  io(static_cast<std::uint32_t>(map.size()));
  for (const auto& [key, value] : map) io(key), io(value);
}
void each(In& io, std::map<std::string, std::string>& map) {
  std::uint32_t count = 0;
  io(count);
  for (std::uint32_t i = 0; io.good && i < count; ++i) {
    std::string key;
    std::string value;
    io(key), io(value);
    map.emplace(std::move(key), std::move(value));
  }
}
void each(Out& io, const std::vector<Content::Run>& runs) {
  io(static_cast<std::uint32_t>(runs.size()));
  for (const auto& run : runs) io(run.first), io(run.count);
}
void each(In& io, std::vector<Content::Run>& runs) {
  std::uint32_t count = 0;
  io(count);
  for (std::uint32_t i = 0; io.good && i < count; ++i) {
    Content::Run run;
    io(run.first), io(run.count);
    runs.push_back(run);
  }
}

template <typename Io, typename Key>
void key_fields(Io& io, Key& key) {
  io(key.directory), io(key.name);
}

template <typename Io>
struct Fields {
  Io& io;

  template <typename T>
  void attributes(T& value) {
    io(value.type), io(value.permissions), io(value.uid), io(value.gid);
    io(value.accessed), io(value.modified), io(value.changed);
    each(io, value.xattrs);
  }

  void operator()(auto& record) { fields(record); }

 private:
  template <typename T, typename Like>
  static constexpr bool kIs = std::is_same_v<std::remove_const_t<T>, Like>;

  template <typename T>
    requires kIs<T, SawName>
  void fields(T& r) {
    key_fields(io, r.key), io(r.inode), io(r.committed);
  }
  template <typename T>
    requires(kIs<T, SawListing>)
  void fields(T& r) {
    io(r.directory);
  }
  template <typename T>
    requires kIs<T, SetName>
  void fields(T& r) {
    key_fields(io, r.key), io(r.inode), io(r.cookie);
  }
  template <typename T>
    requires kIs<T, SetNode>
  void fields(T& r) {
    io(r.inode), attributes(r.attributes), io(r.links), io(r.base_links), io(r.committed);
    key_fields(io, r.base_key), io(r.has_touched), io(r.touched), io(r.subdirectories);
    io(r.is_new), io(r.changed), io(r.staged), io(r.unnamed), io(r.gone);
  }
  template <typename T>
    requires kIs<T, SetContent>
  void fields(T& r) {
    io(r.inode), io(r.content.size), io(r.content.bytes), io(r.content.writer);
    each(io, r.content.objects);
  }
  template <typename T>
    requires(kIs<T, DropNode> || kIs<T, RemovedDirectory>)
  void fields(T& r) {
    io(r.inode);
  }
  template <typename T>
    requires kIs<T, GaveInodes>
  void fields(T& r) {
    io(r.next), io(r.end);
  }
  template <typename T>
    requires kIs<T, LiveDirectory>
  void fields(T& r) {
    io(r.inode), key_fields(io, r.key);
  }
  template <typename T>
    requires kIs<T, NextCookie>
  void fields(T& r) {
    io(r.directory), io(r.next);
  }
  template <typename T>
    requires kIs<T, Moved>
  void fields(T& r) {
    io(r.number), io(r.kind), io(r.alone);
  }
  template <typename T>
    requires kIs<T, OldNode>
  void fields(T& r) {
    io(r.inode), key_fields(io, r.base_key), io(r.staged);
  }
  template <typename T>
    requires kIs<T, Answered>
  void fields(T& r) {
    io(r.request), io(r.error), io(r.inode);
  }
};

template <std::size_t kIndex = 0>
std::optional<JournalRecord> read_record(In& in, std::uint8_t index) {
  if constexpr (kIndex < std::variant_size_v<JournalRecord>) {
    if (index != kIndex) return read_record<kIndex + 1>(in, index);
    std::variant_alternative_t<kIndex, JournalRecord> record;
    Fields<In>{in}(record);
    if (!in.good) return std::nullopt;
    return JournalRecord(std::move(record));
  } else {
    return std::nullopt;
  }
}

bool is_sane(const JournalRecord& record) {
  if (const auto* moved = std::get_if<Moved>(&record)) return moved->kind <= Moved::Kind::kBegin;
  const auto* node = std::get_if<SetNode>(&record);
  return node == nullptr || node->attributes.type <= storage::FileType::kSocket;
}

std::optional<std::vector<JournalRecord>> read_frame(std::string_view payload) {
  std::vector<JournalRecord> records;
  In in{payload};
  while (!in.bytes.empty()) {
    std::uint8_t index = 0;
    in(index);
    auto record = read_record(in, index);
    if (!record || !is_sane(*record)) return std::nullopt;
    records.push_back(std::move(*record));
  }
  return records;
}

}  // namespace

void JournalWriter::add(const JournalRecord& record) {
  Out out{payload_};
  out(static_cast<std::uint8_t>(record.index()));
  std::visit([&](const auto& value) { Fields<Out>{out}(value); }, record);
}

std::string JournalWriter::take() {
  if (payload_.empty()) return {};
  std::string frame;
  frame.reserve(kHeadBytes + payload_.size());
  Out out{frame};
  out(static_cast<std::uint32_t>(payload_.size()));
  out(crc32c(payload_));
  frame += payload_;
  payload_.clear();
  return frame;
}

std::size_t read_journal(std::string_view bytes,
                         const std::function<void(const JournalRecord&)>& apply) {
  std::size_t good = 0;
  while (bytes.size() - good >= kHeadBytes) {
    In head{bytes.substr(good, kHeadBytes)};
    std::uint32_t size = 0;
    std::uint32_t checksum = 0;
    head(size), head(checksum);
    if (size == 0 || size > bytes.size() - good - kHeadBytes) break;
    const std::string_view payload = bytes.substr(good + kHeadBytes, size);
    if (crc32c(payload) != checksum) break;
    const auto records = read_frame(payload);
    if (!records) break;
    for (const auto& record : *records) apply(record);
    good += kHeadBytes + size;
  }
  return good;
}

}  // namespace storage_overlay
