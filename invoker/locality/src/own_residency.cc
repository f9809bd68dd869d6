#include "invoker_locality/own_residency.h"

#include <algorithm>
#include <cmath>

namespace invoker_locality {
namespace {

constexpr std::int64_t kBytesMax = 1LL << 50;

std::int64_t bounded(std::int64_t bytes) { return std::clamp<std::int64_t>(bytes, 0, kBytesMax); }

std::int64_t bytes_of(const base::Json& tier, const char* key) {
  const base::Json* value = tier.find(key);
  return bounded((value == nullptr ? std::nullopt : value->as_int64()).value_or(0));
}

bool says(const base::Json& object, const char* key, std::string_view word) {
  const base::Json* value = object.find(key);
  return value != nullptr && value->is_string() && value->as_string() == word;
}

}  // namespace

void OwnResidency::age(Held& held, base::Instant now) const {
  const std::chrono::duration<double> time = std::max(now - held.at, base::Instant::duration(0));
  const std::chrono::duration<double> half =
      std::max(config_.half_life, std::chrono::milliseconds(1));
  const double left = std::exp2(-time / half);
  held.written *= left;
  held.brought *= left;
  held.at = now;
}

void OwnResidency::ran(const VolumeUse& use, base::Instant now) {
  Held& held = held_.try_emplace(use.volume, Held{.at = now}).first->second;
  age(held, now);
  held.written += static_cast<double>(bounded(use.written));
  held.brought += static_cast<double>(bounded(use.brought));
  // What was read here is here, whatever was thought before.
  const auto seen =
      static_cast<double>(bounded(use.read_local)) + static_cast<double>(bounded(use.brought));
  held.brought = std::max(held.brought, seen - held.written);
  if (held_.size() <= config_.volumes_max) return;
  const auto smallest = std::ranges::min_element(held_, {}, [&](const auto& item) {
    Held aged = item.second;
    age(aged, now);
    return aged.written + aged.brought;
  });
  held_.erase(smallest);
}

std::vector<VolumeBytes> OwnResidency::volumes(base::Instant now) const {
  std::vector<VolumeBytes> result;
  for (const auto& [volume, known] : held_) {
    Held held = known;
    age(held, now);
    PrefixBytes all{.path = "",
                    .sealed = bounded(static_cast<std::int64_t>(held.written)),
                    .cached = bounded(static_cast<std::int64_t>(held.brought))};
    all.rest = all.total();
    if (all.total() >= config_.bytes_min) result.push_back({volume, {all}});
  }
  std::ranges::sort(result, {}, &VolumeBytes::volume);
  return result;
}

std::vector<VolumeUse> uses_of(const base::Json& volumes, const std::string& namespace_name) {
  std::vector<VolumeUse> result;
  if (!volumes.is_array()) return result;
  for (const base::Json& volume : volumes.items()) {
    const base::Json* name = volume.find("name");
    if (name == nullptr || !name->is_string()) continue;
    VolumeUse use{.volume = namespace_name + "/" + name->as_string()};
    for (const char* tier : {"durable", "ephemeral"}) {
      const base::Json* moved = volume.find(tier);
      if (moved == nullptr) continue;
      use.read_local += bytes_of(*moved, "readLocalBytes");
      use.brought += bytes_of(*moved, "readRemoteBytes");
      const bool ends =
          tier == std::string_view("ephemeral") && says(volume, "lifetime", "activation");
      if (!ends) use.written += bytes_of(*moved, "writtenBytes");
    }
    if (use.read_local + use.brought + use.written > 0) result.push_back(std::move(use));
  }
  return result;
}

}  // namespace invoker_locality
