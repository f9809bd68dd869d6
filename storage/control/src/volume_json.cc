// A volume's hint in the form of the annotation, so that one reader serves both.
#include "base/sizes.h"
#include "fields.h"
#include "hints/parse.h"
#include "storage_control/protocol.h"
#include "words.h"

namespace storage_control {
namespace {

using base::Json;

bool has_ephemeral(const hints::Volume& volume) {
  if (volume.tier == hints::Tier::kEphemeral) return true;
  for (const auto& rule : volume.rules) {
    if (rule.tier == hints::Tier::kEphemeral) return true;
  }
  return false;
}

std::string text_of(const hints::Lifetime& lifetime) {
  std::string word = word_of(kLifetimes, lifetime.kind);
  if (lifetime.kind != hints::Lifetime::Kind::kTtl) return word;
  return word + "=" + base::format_duration(lifetime.ttl);
}

Json rules_to_json(const std::vector<hints::PathRule>& rules) {
  Json json = Json::array();
  for (const auto& rule : rules) {
    json.append(Json::object({{"match", rule.match}, {"tier", word_of(kTiers, rule.tier)}}));
  }
  return json;
}

// What was not said stays unsaid: saying it can be a contradiction.
void add_promises(const hints::Volume& volume, Json& json) {
  if (volume.isolation) json.set("isolation", word_of(kIsolations, *volume.isolation));
  if (volume.retry != 0) json.set("retry", volume.retry);
  if (volume.quota_bytes) json.set("quota", *volume.quota_bytes);
  if (volume.copies != 1) json.set("copies", volume.copies);
  if (volume.visible) json.set("visible", word_of(kVisibilities, *volume.visible));
  if (volume.seal) json.set("seal", word_of(kSeals, *volume.seal));
  if (volume.fsync) json.set("fsync", word_of(kFsyncs, *volume.fsync));
  if (volume.open_at_end) json.set("openAtEnd", word_of(kOpenAtEnds, *volume.open_at_end));
  if (volume.spill) json.set("spill", true);
}

}  // namespace

Json volume_to_json(const hints::Volume& volume) {
  Json json =
      Json::object({{"name", volume.owner ? *volume.owner + "/" + volume.name : volume.name},
                    {"path", volume.path},
                    {"tier", word_of(kTiers, volume.tier)},
                    {"readOnly", volume.read_only}});
  if (has_ephemeral(volume)) json.set("lifetime", text_of(volume.lifetime));
  if (!volume.rules.empty()) json.set("rules", rules_to_json(volume.rules));
  add_promises(volume, json);
  return json;
}

base::Result<hints::Volume> volume_from(const Json& json) {
  if (!json.is_object()) {
    return base::Error{base::ErrorCode::kInvalidArgument, "a volume is no object"};
  }
  Json annotation = Json::object({{"key", "volumes"}, {"value", json}});
  TRY(auto hints, hints::parse(Json::array().append(std::move(annotation))));
  if (hints.volumes.size() != 1) {
    return base::Error{base::ErrorCode::kInvalidArgument, "that is not one volume"};
  }
  return std::move(hints.volumes.front());
}

}  // namespace storage_control
