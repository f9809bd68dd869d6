// The annotation `volumes`: a list of volumes, or one alone.
#include "base/sizes.h"
#include "base/text.h"
#include "hints/parse.h"
#include "hints/rules.h"
#include "object_reader.h"
#include "readers.h"

namespace hints {
namespace {

using base::Json;
using base::Result;
using base::Status;

constexpr std::string_view kAnnotation = "annotation 'volumes'";

template <typename Value, std::size_t kCount>
using Names = std::pair<std::string_view, Value>[kCount];

constexpr Names<Tier, 2> kTiers = {{"ephemeral", Tier::kEphemeral}, {"durable", Tier::kDurable}};
constexpr Names<Isolation, 4> kIsolations = {{"none", Isolation::kNone},
                                             {"read-atomic", Isolation::kReadAtomic},
                                             {"snapshot", Isolation::kSnapshot},
                                             {"serializable", Isolation::kSerializable}};
constexpr Names<Visibility, 2> kVisibilities = {{"writing", Visibility::kWriting},
                                                {"sealed", Visibility::kSealed}};
constexpr Names<Seal, 2> kSeals = {{"activation", Seal::kActivation}, {"close", Seal::kClose}};
constexpr Names<FsyncMeans, 2> kFsyncs = {{"staging", FsyncMeans::kStaging},
                                          {"publish", FsyncMeans::kPublish}};
constexpr Names<OpenAtEnd, 2> kOpenAtEnds = {{"include", OpenAtEnd::kInclude},
                                             {"abort", OpenAtEnd::kAbort}};

Status read_lifetime(std::string_view place, const Json& value, Lifetime& lifetime) {
  const std::string text = value.is_string() ? value.as_string() : "";
  if (text == "activation") {
    lifetime.kind = Lifetime::Kind::kActivation;
  } else if (text == "session") {
    lifetime.kind = Lifetime::Kind::kSession;
  } else if (text == "volume") {
    lifetime.kind = Lifetime::Kind::kVolume;
  } else if (text.starts_with("ttl=")) {
    auto ttl = base::parse_duration(std::string_view(text).substr(4));
    if (!ttl) return refusal(place, ttl.error().message);
    if (ttl->count() == 0) return refusal(place, show(value) + " ends before it begins");
    lifetime = {Lifetime::Kind::kTtl, *ttl};
  } else {
    return refusal(place, show(value) +
                              " is not one of \"activation\", \"session\", \"volume\", or a time "
                              "such as \"ttl=10m\"");
  }
  return {};
}

Result<PathRule> read_rule(const std::string& place, const Json& value) {
  PathRule rule;
  ObjectReader reader(place, value);
  reader.require("match");
  reader.text("match", rule.match);
  reader.require("tier");
  reader.choice("tier", Choices<Tier>(kTiers), rule.tier);
  TRY_STATUS(reader.finish());
  if (auto status = check_pattern(rule.match); !status) {
    return refusal(place + ".match", status.error().message);
  }
  return rule;
}

Status read_rules(const std::string& place, const Json& value, std::vector<PathRule>& rules) {
  if (!value.is_array()) return refusal(place, "found " + show(value) + " instead of an array");
  if (value.items().size() > kRulesMax) {
    return refusal(place, "found " + std::to_string(value.items().size()) +
                              " rules; a volume has at most " + std::to_string(kRulesMax));
  }
  for (const Json& item : value.items()) {
    TRY(PathRule rule, read_rule(place + "[" + std::to_string(rules.size()) + "]", item));
    rules.push_back(std::move(rule));
  }
  return {};
}

// The keys that say what the volume is; the others say how it behaves.
void read_identity(ObjectReader& reader, Volume& volume) {
  reader.require("name");
  reader.with("name", [&](const std::string& place, const Json& value) -> Status {
    if (!value.is_string()) return refusal(place, "found " + show(value) + " instead of a string");
    return read_volume_name(place, value.as_string(), volume);
  });
  reader.require("path");
  reader.text("path", volume.path);
  if (reader.has("path")) reader.keep(check_path(reader.place_of("path"), volume.path));
  reader.choice("tier", Choices<Tier>(kTiers), volume.tier);
  if (volume.tier == Tier::kEphemeral) volume.lifetime.kind = Lifetime::Kind::kActivation;
  reader.with("lifetime", [&](const std::string& place, const Json& value) {
    return read_lifetime(place, value, volume.lifetime);
  });
}

// Every two volumes must be apart, by name and by path.
Status check_apart(const std::vector<Volume>& volumes) {
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const Volume &here = volumes[i], &there = volumes[j];
      const std::string place = std::string(kAnnotation) + "[" + std::to_string(i) + "]";
      const std::string other = "volume " + std::to_string(j);
      if (here.name == there.name && here.owner == there.owner) {
        return refusal(place + ".name", base::quoted(here.name) + " is already " + other +
                                            "; name each volume once");
      }
      if (is_at_or_below(here.path, there.path) || is_at_or_below(there.path, here.path)) {
        return refusal(place + ".path", base::quoted(here.path) + " and " +
                                            base::quoted(there.path) + " of " + other +
                                            " are the same place or one inside the other");
      }
    }
  }
  return {};
}

}  // namespace

Result<Volume> read_volume(const std::string& place, const Json& value) {
  Volume volume;
  ObjectReader reader(place, value);
  read_identity(reader, volume);
  reader.choice("isolation", Choices<Isolation>(kIsolations), volume.isolation);
  reader.whole("retry", {0, kRetryMax}, volume.retry);
  reader.size("quota", volume.quota_bytes);
  reader.whole("copies", {1, kCopiesMax}, volume.copies);
  reader.flag("readOnly", volume.read_only);
  reader.with("rules", [&](const std::string& rules_place, const Json& rules) {
    return read_rules(rules_place, rules, volume.rules);
  });
  reader.choice("visible", Choices<Visibility>(kVisibilities), volume.visible);
  reader.choice("seal", Choices<Seal>(kSeals), volume.seal);
  reader.choice("fsync", Choices<FsyncMeans>(kFsyncs), volume.fsync);
  reader.choice("openAtEnd", Choices<OpenAtEnd>(kOpenAtEnds), volume.open_at_end);
  reader.flag("spill", volume.spill);
  TRY_STATUS(reader.finish());
  TRY_STATUS(check_agreement(place, volume));
  return volume;
}

Result<std::vector<Volume>> read_volumes(const Json& value) {
  std::vector<Volume> volumes;
  if (value.is_object()) {
    TRY(Volume volume, read_volume(std::string(kAnnotation), value));
    volumes.push_back(std::move(volume));
    return volumes;
  }
  if (!value.is_array()) {
    return refusal(kAnnotation, "found " + show(value) +
                                    " instead of an array of volumes or one volume, such as "
                                    "{\"name\":\"photos\",\"path\":\"/mnt/photos\"}");
  }
  if (value.items().size() > kVolumesMax) {
    return refusal(kAnnotation, "found " + std::to_string(value.items().size()) +
                                    " volumes; an action has at most " +
                                    std::to_string(kVolumesMax));
  }
  for (const Json& item : value.items()) {
    const std::string place = std::string(kAnnotation) + "[" + std::to_string(volumes.size()) + "]";
    TRY(Volume volume, read_volume(place, item));
    volumes.push_back(std::move(volume));
  }
  TRY_STATUS(check_apart(volumes));
  return volumes;
}

}  // namespace hints
