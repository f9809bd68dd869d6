#include "people.h"

#include <system_error>
#include <utility>

#include "visit.h"

namespace storage_daemon {

using base::Json;
using base::Result;
using storage_control::encode_bytes;

namespace {

constexpr std::size_t kNamesAtOnce = 200;

Json describe(const Entry& entry) {
  return Json::object({{"type", text_of(entry.attributes.type)},
                       {"bytes", entry.content.size},
                       {"mode", std::int64_t{entry.attributes.permissions}},
                       {"uid", std::int64_t{entry.attributes.uid}},
                       {"gid", std::int64_t{entry.attributes.gid}},
                       {"links", std::int64_t{entry.links}},
                       {"modifiedMs", base::epoch_ms(entry.attributes.modified)},
                       {"inode", entry.inode},
                       {"commit", entry.committed},
                       {"tier", "durable"}});
}

}  // namespace

People::People(Volumes& volumes, const base::Clock& clock, std::filesystem::path scratch)
    : volumes_(volumes), clock_(clock), scratch_(std::move(scratch)) {
  std::error_code ignored;
  std::filesystem::remove_all(scratch_, ignored);
  std::filesystem::create_directories(scratch_, ignored);
}

Result<Json> People::list_volumes(const storage_control::List& call) {
  TRY(const auto page, volumes_.list(call.place.namespace_name, call.after));
  Json entries = Json::array();
  for (const VolumeName& name : page.names) {
    entries.append(Json::object({{"namespace", name.namespace_name}, {"name", name.name}}));
  }
  return Json::object({{"entries", std::move(entries)}, {"after", encode_bytes(page.after)}});
}

Result<Json> People::list(const storage_control::List& call) {
  if (call.place.volume.empty()) return list_volumes(call);
  TRY(const auto parts, parts_of(call.place.path));
  TRY(auto volume, volumes_.open({call.place.namespace_name, call.place.volume}));
  TRY(const Visit visit, Visit::begin(std::move(volume)));
  TRY(const auto entry, visit.find(parts));
  if (!entry) return not_there(call.place);
  Json entries = Json::array();
  if (entry->attributes.type != FileType::kDirectory) {
    entries.append(describe(*entry).set("name", encode_bytes(parts.back())));
    return Json::object({{"entries", std::move(entries)}, {"after", ""}});
  }
  TRY(const auto page, visit.tree().list(visit.snapshot(), entry->inode, call.after, kNamesAtOnce));
  std::string after;
  for (const auto& [name, child] : page.names) {
    entries.append(describe(child).set("name", encode_bytes(name)));
    if (page.more) after = encode_bytes(name);
  }
  return Json::object({{"entries", std::move(entries)}, {"after", std::move(after)}});
}

Result<Json> People::stat(const storage_control::Stat& call) {
  TRY(const auto parts, parts_of(call.place.path));
  TRY(auto volume, volumes_.open({call.place.namespace_name, call.place.volume}));
  TRY(const Visit visit, Visit::begin(std::move(volume)));
  TRY(const auto entry, visit.find(parts));
  if (!entry) return not_there(call.place);
  Json json = describe(*entry);
  json.set("writer", entry->content.writer);
  if (!parts.empty()) return json;
  TRY(const auto stat, visit.tree().stat());
  return json.set("head", stat.head)
      .set("horizon", stat.horizon)
      .set("keys", stat.keys)
      .set("shards", stat.shards)
      .set("sessions", stat.sessions)
      .set("uploading", stat.attempts_uploading)
      .set("toDelete", stat.to_delete);
}

Result<Json> People::usage(const storage_control::Usage& call) {
  TRY(const auto parts, parts_of(call.place.path));
  TRY(auto volume, volumes_.open({call.place.namespace_name, call.place.volume}));
  TRY(const Visit visit, Visit::begin(std::move(volume)));
  TRY(const auto entry, visit.find(parts));
  if (!entry) return not_there(call.place);
  Totals totals;
  if (entry->attributes.type == FileType::kDirectory) {
    ++totals.directories;
    TRY_STATUS(visit.count(entry->inode, totals));
  } else {
    ++totals.files;
    totals.bytes = entry->content.size;
  }
  Json durable = Json::object(
      {{"bytes", totals.bytes}, {"files", totals.files}, {"directories", totals.directories}});
  return Json::object({{"durable", std::move(durable)}});
}

}  // namespace storage_daemon
