#include "base/json.h"
#include "storage/volume_provider.h"

namespace storage {
namespace {

const char* text_of(hints::Tier tier) {
  return tier == hints::Tier::kDurable ? "durable" : "ephemeral";
}

const char* text_of(const hints::Lifetime& lifetime) {
  switch (lifetime.kind) {
    case hints::Lifetime::Kind::kActivation:
      return "activation";
    case hints::Lifetime::Kind::kSession:
      return "session";
    case hints::Lifetime::Kind::kTtl:
      return "ttl";
    case hints::Lifetime::Kind::kVolume:
      break;
  }
  return "volume";
}

const char* text_of(hints::Isolation isolation) {
  static constexpr const char* kWords[] = {"none", "read-atomic", "snapshot", "serializable"};
  return kWords[static_cast<std::size_t>(isolation)];
}

std::string text_of(const CommitReport& commit) {
  if (commit.kind == CommitReport::Kind::kAborted) return "aborted(" + commit.reason + ")";
  return commit.retries == 0 ? "ok" : "retried(" + std::to_string(commit.retries) + ")";
}

// Beside what the tier holds, where that is told, too.
void add(const TierTraffic& traffic, base::Json& json) {
  base::Json* tier = json.find(text_of(traffic.tier));
  if (tier == nullptr) {
    json.set(text_of(traffic.tier), base::Json::object());
    tier = json.find(text_of(traffic.tier));
  }
  tier->set("readLocalBytes", traffic.read_local_bytes)
      .set("readRemoteBytes", traffic.read_remote_bytes)
      .set("writtenBytes", traffic.written_bytes);
}

base::Json to_json(const TierUsage& usage) {
  auto json = base::Json::object({{"quotaBytes", usage.quota_bytes},
                                  {"bytesBefore", usage.bytes_before},
                                  {"bytesAfter", usage.bytes_after},
                                  {"bytesAdded", usage.bytes_added()}});
  if (usage.files) json.set("files", *usage.files);
  json.set("exact", usage.exact);
  return json;
}

}  // namespace

base::Json to_json(const VolumeReport& report) {
  auto json = base::Json::object({{"name", report.name},
                                  {"path", report.path},
                                  {"tier", text_of(report.tier)},
                                  {"lifetime", text_of(report.lifetime)},
                                  {"isolation", text_of(report.isolation)},
                                  {"readOnly", report.read_only}});
  if (report.commit) {
    json.set("commit", text_of(*report.commit));
    if (report.commit->kind == CommitReport::Kind::kOk)
      json.set("commitNumber", report.commit->number);
  }
  if (!report.open_at_end.empty()) {
    base::Json open = base::Json::array();
    for (const std::string& path : report.open_at_end) open.append(path);
    json.set("openAtEnd", std::move(open));
  }
  for (const auto& usage : report.tiers) json.set(text_of(usage.tier), to_json(usage));
  for (const auto& traffic : report.traffic) add(traffic, json);
  return json;
}

}  // namespace storage
