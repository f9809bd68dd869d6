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

constexpr std::size_t kVersionsMax = 100;

const char* word_of(storage_ephemeral::FileState state) {
  static constexpr const char* kWords[] = {"writing", "sealed", "poisoned"};
  return kWords[static_cast<std::size_t>(state)];
}

const char* word_of(storage_ephemeral::Lifetime::Kind kind) {
  static constexpr const char* kWords[] = {"activation", "session", "ttl", "volume"};
  return kWords[static_cast<std::size_t>(kind)];
}

Json describe(const Seen& seen) {
  const Entry& entry = seen.entry;
  Json json = Json::object({{"type", text_of(entry.attributes.type)},
                            {"bytes", entry.content.size},
                            {"mode", std::int64_t{entry.attributes.permissions}},
                            {"uid", std::int64_t{entry.attributes.uid}},
                            {"gid", std::int64_t{entry.attributes.gid}},
                            {"links", std::int64_t{entry.links}},
                            {"modifiedMs", base::epoch_ms(entry.attributes.modified)},
                            {"inode", entry.inode}});
  if (!seen.live) return json.set("tier", "durable").set("commit", entry.committed);
  json.set("tier", "ephemeral");
  if (entry.attributes.type == FileType::kRegular) {
    json.set("state", word_of(seen.live->record.state));
  }
  return json;
}

// Who has it, for how long, and what is to be said against it.
void add_life(const storage_ephemeral::Entry& live, Json& json) {
  const auto& record = live.record;
  json.set("lifetime", word_of(record.lifetime.kind));
  if (record.lifetime.kind == storage_ephemeral::Lifetime::Kind::kTtl) {
    json.set("expiresMs", base::epoch_ms(record.lifetime.expires));
  }
  if (record.attributes.type != FileType::kRegular) return;
  Json holders = Json::array();
  for (const auto& node : live.holders) holders.append(node);
  json.set("holders", std::move(holders))
      .set("copies", std::int64_t{record.copies})
      .set("version", std::int64_t{record.version})
      .set("writtenOn", record.writer)
      .set("writer", record.attempt);
  if (record.state == storage_ephemeral::FileState::kPoisoned) {
    json.set("reason", std::string(storage_ephemeral::in_words(record.reason)));
  }
}

Json to_json(const Totals& totals) {
  return Json::object(
      {{"bytes", totals.bytes}, {"files", totals.files}, {"directories", totals.directories}});
}

Json to_json(const storage_tree::NameVersion& version) {
  Json json = Json::object({{"commit", version.number}});
  if (!version.entry) return json.set("removed", true);
  return json.set("bytes", version.entry->content.size).set("inode", version.entry->inode);
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
  TRY(const auto seen, visit.see(parts));
  if (!seen) return not_there(call.place);
  Json entries = Json::array();
  if (!seen->is_directory()) {
    entries.append(describe(*seen).set("name", encode_bytes(parts.back())));
    return Json::object({{"entries", std::move(entries)}, {"after", ""}});
  }
  TRY(const auto page, visit.list(*seen, call.after, kNamesAtOnce));
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
  TRY(const auto seen, visit.see(parts));
  if (!seen) return not_there(call.place);
  Json json = describe(*seen);
  if (seen->live) {
    add_life(*seen->live, json);
    return json;
  }
  TRY(const auto kept, visit.tree().versions(seen->key, kVersionsMax));
  Json versions = Json::array();
  for (const auto& version : kept) versions.append(to_json(version));
  json.set("writer", seen->entry.content.writer).set("versions", std::move(versions));
  if (!parts.empty()) return json;
  TRY(const auto stat, visit.tree().stat());
  TRY(Json shared, shared_with({call.place.namespace_name, call.place.volume}));
  json.set("sharedWith", std::move(shared));
  return json.set("head", stat.head)
      .set("horizon", stat.horizon)
      .set("keys", stat.keys)
      .set("shards", stat.shards)
      .set("sessions", stat.sessions)
      .set("uploading", stat.attempts_uploading)
      .set("toDelete", stat.to_delete)
      .set("ephemeral", visit.ephemeral().count());
}

Result<Json> People::usage(const storage_control::Usage& call) {
  TRY(const auto parts, parts_of(call.place.path));
  TRY(auto volume, volumes_.open({call.place.namespace_name, call.place.volume}));
  TRY(const Visit visit, Visit::begin(std::move(volume)));
  TRY(const auto seen, visit.see(parts));
  if (!seen) return not_there(call.place);
  TierTotals totals;
  Totals& own = totals.of(*seen);
  ++(seen->is_directory() ? own.directories : own.files);
  if (seen->is_directory()) {
    TRY_STATUS(visit.count(*seen, totals));
  } else {
    own.bytes = seen->entry.content.size;
  }
  return Json::object(
      {{"durable", to_json(totals.durable)}, {"ephemeral", to_json(totals.ephemeral)}});
}

}  // namespace storage_daemon
