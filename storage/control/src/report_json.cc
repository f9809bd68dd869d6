#include "fields.h"
#include "storage_control/protocol.h"
#include "words.h"

namespace storage_control {
namespace {

using base::Json;

Json to_json(const storage::TierUsage& usage) {
  Json json = Json::object({{"tier", word_of(kTiers, usage.tier)},
                            {"quota", usage.quota_bytes},
                            {"before", usage.bytes_before},
                            {"after", usage.bytes_after},
                            {"exact", usage.exact}});
  if (usage.files) json.set("files", *usage.files);
  return json;
}

base::Result<storage::TierUsage> usage_from(const Json& json) {
  Fields fields(json);
  storage::TierUsage usage;
  usage.tier = fields.choice("tier", kTiers);
  usage.quota_bytes = fields.whole("quota");
  usage.bytes_before = fields.whole("before");
  usage.bytes_after = fields.whole("after");
  usage.exact = fields.flag("exact");
  if (fields.find("files") != nullptr) usage.files = fields.whole("files");
  return fields.finish(usage);
}

Json to_json(const storage::TierTraffic& traffic) {
  return Json::object({{"tier", word_of(kTiers, traffic.tier)},
                       {"readLocal", traffic.read_local_bytes},
                       {"readRemote", traffic.read_remote_bytes},
                       {"written", traffic.written_bytes}});
}

base::Result<storage::TierTraffic> traffic_from(const Json& json) {
  Fields fields(json);
  storage::TierTraffic traffic;
  traffic.tier = fields.choice("tier", kTiers);
  traffic.read_local_bytes = fields.whole("readLocal");
  traffic.read_remote_bytes = fields.whole("readRemote");
  traffic.written_bytes = fields.whole("written");
  return fields.finish(traffic);
}

Json to_json(const storage::CommitReport& commit) {
  return Json::object({{"kind", word_of(kCommits, commit.kind)},
                       {"number", commit.number},
                       {"retries", commit.retries},
                       {"reason", commit.reason}});
}

base::Result<storage::CommitReport> commit_from(const Json& json) {
  Fields fields(json);
  storage::CommitReport commit;
  commit.kind = fields.choice("kind", kCommits);
  commit.number = static_cast<std::uint64_t>(fields.whole("number"));
  commit.retries = static_cast<int>(fields.whole("retries", 0, 1'000'000));
  commit.reason = fields.text("reason");
  return fields.finish(std::move(commit));
}

Json lifetime_to_json(const hints::Lifetime& lifetime) {
  return Json::object(
      {{"kind", word_of(kLifetimes, lifetime.kind)}, {"ttl", std::int64_t{lifetime.ttl.count()}}});
}

base::Result<hints::Lifetime> lifetime_from(const Json& json) {
  Fields fields(json);
  hints::Lifetime lifetime;
  lifetime.kind = fields.choice("kind", kLifetimes);
  lifetime.ttl = std::chrono::milliseconds(fields.whole("ttl"));
  return fields.finish(lifetime);
}

}  // namespace

Json report_to_json(const storage::VolumeReport& report) {
  Json json = Json::object({{"name", report.name},
                            {"path", report.path},
                            {"tier", word_of(kTiers, report.tier)},
                            {"lifetime", lifetime_to_json(report.lifetime)},
                            {"readOnly", report.read_only},
                            {"isolation", word_of(kIsolations, report.isolation)}});
  Json tiers = Json::array(), traffic = Json::array();
  for (const auto& usage : report.tiers) tiers.append(to_json(usage));
  for (const auto& moved : report.traffic) traffic.append(to_json(moved));
  json.set("tiers", std::move(tiers)).set("traffic", std::move(traffic));
  Json open = Json::array();
  for (const std::string& path : report.open_at_end) open.append(encode_bytes(path));
  json.set("openAtEnd", std::move(open));
  if (report.commit) json.set("commit", to_json(*report.commit));
  return json;
}

base::Result<storage::VolumeReport> report_from(const Json& json) {
  Fields fields(json);
  storage::VolumeReport report;
  report.name = fields.text("name");
  report.path = fields.text("path");
  report.tier = fields.choice("tier", kTiers);
  report.lifetime = fields.take(lifetime_from(fields.object("lifetime")));
  report.read_only = fields.flag("readOnly");
  report.isolation = fields.choice("isolation", kIsolations);
  for (const Json& item : fields.array("tiers").items()) {
    report.tiers.push_back(fields.take(usage_from(item)));
  }
  for (const Json& item : fields.array("traffic").items()) {
    report.traffic.push_back(fields.take(traffic_from(item)));
  }
  for (const Json& path : fields.array("openAtEnd").items()) {
    TRY(std::string bytes, decode_bytes(path.is_string() ? path.as_string() : ""));
    report.open_at_end.push_back(std::move(bytes));
  }
  if (const Json* commit = fields.find("commit")) report.commit = fields.take(commit_from(*commit));
  return fields.finish(std::move(report));
}

}  // namespace storage_control
