#include "hints/capabilities.h"

#include <algorithm>
#include <string>

#include "base/sizes.h"
#include "base/text.h"
#include "hints/parse.h"
#include "hints/rules.h"

namespace hints {
namespace {

using base::Error;
using base::ErrorCode;
using base::quoted;
using base::Status;

std::string_view word(Tier tier) { return tier == Tier::kEphemeral ? "ephemeral" : "durable"; }
std::string_view word(Visibility visible) {
  return visible == Visibility::kWriting ? "writing" : "sealed";
}
std::string_view word(Seal seal) { return seal == Seal::kActivation ? "activation" : "close"; }
std::string_view word(FsyncMeans fsync) {
  return fsync == FsyncMeans::kStaging ? "staging" : "publish";
}
std::string_view word(OpenAtEnd open) { return open == OpenAtEnd::kInclude ? "include" : "abort"; }
std::string_view word(Lifetime::Kind kind) {
  static constexpr std::string_view kWords[] = {"activation", "session", "ttl=...", "volume"};
  return kWords[static_cast<std::size_t>(kind)];
}
std::string_view word(Isolation isolation) {
  static constexpr std::string_view kWords[] = {"none", "read-atomic", "snapshot", "serializable"};
  return kWords[static_cast<std::size_t>(isolation)];
}
std::string_view word(GpuDevice device) {
  static constexpr std::string_view kWords[] = {"any", "cuda", "host"};
  return kWords[static_cast<std::size_t>(device)];
}
std::string_view word(Delivery delivery) {
  static constexpr std::string_view kWords[] = {"at-most-once", "at-least-once", "exactly-once"};
  return kWords[static_cast<std::size_t>(delivery)];
}

Error unsupported(const std::string& place, const std::string& what) {
  return {ErrorCode::kUnsupported, place + ": this node " + what};
}

template <typename Value>
bool contains(const std::vector<Value>& values, Value value) {
  return std::ranges::find(values, value) != values.end();
}

template <typename Value>
Status check_word(const std::string& place, Value asked, const std::vector<Value>& able) {
  if (contains(able, asked)) return {};
  std::vector<std::string_view> words;
  words.reserve(able.size());
  for (const Value value : able) words.push_back(word(value));
  const std::string instead =
      words.empty() ? "; leave the key out" : "; it can do " + base::quoted_list(words);
  return unsupported(place, "cannot do " + quoted(word(asked)) + instead);
}

template <typename Value>
Status check_word(const std::string& place, const std::optional<Value>& asked,
                  const std::vector<Value>& able) {
  return asked ? check_word(place, *asked, able) : Status();
}

Status check_number(const std::string& place, int asked, int able) {
  if (asked <= able) return {};
  return unsupported(
      place, "cannot do " + std::to_string(asked) + "; it can do at most " + std::to_string(able));
}

Status check_rules(const std::string& place, const Volume& volume, const Capabilities& able) {
  if (able.rules == RuleForm::kAnyPattern) {
    for (const PathRule& rule : effective_rules(volume)) {
      TRY_STATUS(check_word(place, rule.tier, able.tiers));
    }
    return {};
  }
  for (const PathRule& rule : effective_rules(volume)) {
    if (able.rules == RuleForm::kNone) {
      return unsupported(
          place, "keeps a volume in one tier; leave the rule " + quoted(rule.match) + " out");
    }
    if (!directory_of(rule)) {
      return unsupported(
          place, "decides tiers by directory only: write DIR/** instead of " + quoted(rule.match));
    }
    TRY_STATUS(check_word(place, rule.tier, able.tiers));
  }
  return {};
}

Status check_owner(const std::string& place, const Volume& volume, const Capabilities& able,
                   std::string_view own_namespace) {
  if (!volume.owner || *volume.owner == own_namespace || able.foreign_volumes) return {};
  return unsupported(
      place, "attaches only volumes of the invoking namespace, not of " + quoted(*volume.owner));
}

Status check_volume(const std::string& place, const Volume& volume, const Capabilities& able) {
  TRY_STATUS(check_word(place + ".tier", volume.tier, able.tiers));
  TRY_STATUS(check_word(place + ".lifetime", volume.lifetime.kind, able.lifetimes));
  TRY_STATUS(check_word(place + ".isolation", volume.isolation, able.isolations));
  TRY_STATUS(check_number(place + ".retry", volume.retry, able.retry_max));
  TRY_STATUS(check_number(place + ".copies", volume.copies, able.copies_max));
  TRY_STATUS(check_rules(place + ".rules", volume, able));
  TRY_STATUS(check_word(place + ".visible", volume.visible, able.visibilities));
  TRY_STATUS(check_word(place + ".seal", volume.seal, able.seals));
  TRY_STATUS(check_word(place + ".fsync", volume.fsync, able.fsyncs));
  TRY_STATUS(check_word(place + ".openAtEnd", volume.open_at_end, able.open_at_ends));
  if (volume.quota_bytes && !able.quota) return unsupported(place + ".quota", "has no quotas");
  if (volume.spill && !able.spill) return unsupported(place + ".spill", "cannot do that");
  return {};
}

// "photos" and "guest/photos" are one volume when guest invokes.
Status check_named_once(const std::vector<Volume>& volumes, std::string_view own_namespace) {
  const auto owner = [&](const Volume& v) {
    return v.owner ? std::string_view(*v.owner) : own_namespace;
  };
  for (auto volume = volumes.begin(); volume != volumes.end(); ++volume) {
    const auto same = [&](const Volume& other) {
      return other.name == volume->name && owner(other) == owner(*volume);
    };
    if (std::none_of(volumes.begin(), volume, same)) continue;
    return Error{ErrorCode::kInvalidArgument,
                 "annotation 'volumes': the volume " + quoted(volume->name) + " is named twice"};
  }
  return {};
}

Status check_gpu(const Gpu& gpu, const Capabilities& able) {
  if (able.gpu_devices.empty()) {
    return unsupported("annotation 'gpu'", "has no GPUs; leave the annotation out or say false");
  }
  TRY_STATUS(check_word("annotation 'gpu'.device", gpu.device, able.gpu_devices));
  return check_number("annotation 'gpu'.count", gpu.count, able.gpus_max);
}

}  // namespace

Capabilities plain_directories() {
  Capabilities able;
  able.tiers = {Tier::kEphemeral, Tier::kDurable};
  able.lifetimes = {Lifetime::Kind::kActivation, Lifetime::Kind::kVolume};
  able.isolations = {Isolation::kNone};
  able.quota = true;
  able.rules = RuleForm::kDirectories;
  // What any directory does: others see a file as it grows, it is final when closed, fsync makes it
  // safe at once, and what is open at the end stays as it is.
  able.visibilities = {Visibility::kWriting};
  able.seals = {Seal::kClose};
  able.fsyncs = {FsyncMeans::kPublish};
  able.open_at_ends = {OpenAtEnd::kInclude};
  return able;
}

Capabilities transactional_volumes() {
  Capabilities able;
  able.tiers = {Tier::kEphemeral, Tier::kDurable};
  able.lifetimes = {Lifetime::Kind::kActivation, Lifetime::Kind::kTtl, Lifetime::Kind::kVolume};
  able.isolations = {Isolation::kNone, Isolation::kReadAtomic, Isolation::kSnapshot,
                     Isolation::kSerializable};
  able.retry_max = kRetryMax;
  able.copies_max = 2;
  able.quota = true;
  able.spill = true;
  able.rules = RuleForm::kAnyPattern;
  able.foreign_volumes = true;  // those that are shared
  able.visibilities = {Visibility::kWriting, Visibility::kSealed};
  able.seals = {Seal::kActivation, Seal::kClose};
  able.fsyncs = {FsyncMeans::kStaging, FsyncMeans::kPublish};
  able.open_at_ends = {OpenAtEnd::kInclude, OpenAtEnd::kAbort};
  able.deliveries = {Delivery::kAtMostOnce};
  return able;
}

Status check(const Hints& hints, const Capabilities& capabilities, std::string_view own_namespace) {
  if (!hints.volumes.empty() && capabilities.tiers.empty()) {
    return unsupported("annotation 'volumes'", "has no volumes");
  }
  for (std::size_t i = 0; i < hints.volumes.size(); ++i) {
    const std::string place = "annotation 'volumes'[" + std::to_string(i) + "]";
    TRY_STATUS(check_owner(place + ".name", hints.volumes[i], capabilities, own_namespace));
    TRY_STATUS(check_volume(place, hints.volumes[i], capabilities));
  }
  TRY_STATUS(check_named_once(hints.volumes, own_namespace));
  if (hints.locality && !capabilities.locality) {
    return unsupported("annotation 'locality'", "does not place functions by their data");
  }
  if (hints.gpu) TRY_STATUS(check_gpu(*hints.gpu, capabilities));
  return check_word("annotation 'delivery'", hints.delivery, capabilities.deliveries);
}

}  // namespace hints
