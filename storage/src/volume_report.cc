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
                                  {"isolation", "none"},
                                  {"readOnly", report.read_only}});
  for (const auto& usage : report.tiers) json.set(text_of(usage.tier), to_json(usage));
  return json;
}

}  // namespace storage
