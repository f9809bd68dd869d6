#include "invoker_locality/read_history.h"

#include <algorithm>
#include <cmath>

namespace invoker_locality {
namespace {

constexpr std::int64_t kBytesMax = 1LL << 50;

double decayed(std::int64_t bytes, base::Instant at, base::Instant now,
               std::chrono::milliseconds half_life) {
  const std::chrono::duration<double> age = std::max(now - at, base::Instant::duration(0));
  const std::chrono::duration<double> half = std::max(half_life, std::chrono::milliseconds(1));
  return static_cast<double>(bytes) * std::exp2(-age / half);
}

std::int64_t member_of(const base::Json& tier, const char* key) {
  const base::Json* value = tier.find(key);
  const auto bytes = value == nullptr ? std::nullopt : value->as_int64();
  return std::clamp<std::int64_t>(bytes.value_or(0), 0, kBytesMax);
}

}  // namespace

void ReadHistory::ran(const std::string& action, const std::vector<VolumeRead>& reads,
                      base::Instant now) {
  const auto known = at_.find(action);
  if (known == at_.end() && reads.empty()) return;
  Entry entry{.action = action, .reads = {}, .at = now};
  if (known != at_.end()) {
    for (const VolumeRead& old : known->second->reads) {
      const double left = decayed(old.bytes, known->second->at, now, config_.half_life);
      entry.reads.push_back({old.volume, static_cast<std::int64_t>(left * (1 - config_.weight))});
    }
    entries_.erase(known->second);
  }
  for (const VolumeRead& read : reads) {
    const std::int64_t bytes = std::clamp<std::int64_t>(read.bytes, 0, kBytesMax);
    const auto same = std::ranges::find(entry.reads, read.volume, &VolumeRead::volume);
    if (same == entry.reads.end()) {
      // The first run is all that is known, and counts whole.
      entry.reads.push_back({read.volume, bytes});
    } else {
      same->bytes += static_cast<std::int64_t>(static_cast<double>(bytes) * config_.weight);
    }
  }
  std::erase_if(entry.reads, [&](const VolumeRead& one) { return one.bytes < config_.bytes_min; });
  std::ranges::sort(entry.reads, std::greater<>(), &VolumeRead::bytes);
  if (entry.reads.size() > config_.volumes_max) entry.reads.resize(config_.volumes_max);
  if (entry.reads.empty()) {
    at_.erase(action);
    return;
  }
  entries_.push_front(std::move(entry));
  at_[action] = entries_.begin();
  if (entries_.size() > config_.actions_max) {
    at_.erase(entries_.back().action);
    entries_.pop_back();
  }
}

std::vector<VolumeRead> ReadHistory::expected(const std::string& action, base::Instant now) const {
  const auto known = at_.find(action);
  if (known == at_.end()) return {};
  std::vector<VolumeRead> result;
  for (const VolumeRead& read : known->second->reads) {
    const auto bytes =
        static_cast<std::int64_t>(decayed(read.bytes, known->second->at, now, config_.half_life));
    if (bytes >= config_.bytes_min) result.push_back({read.volume, bytes});
  }
  return result;
}

std::vector<VolumeRead> reads_of(const base::Json& volumes, const std::string& namespace_name) {
  std::vector<VolumeRead> result;
  if (!volumes.is_array()) return result;
  for (const base::Json& volume : volumes.items()) {
    const base::Json* name = volume.find("name");
    if (name == nullptr || !name->is_string()) continue;
    std::int64_t bytes = 0;
    for (const char* tier : {"durable", "ephemeral"}) {
      const base::Json* one = volume.find(tier);
      if (one == nullptr) continue;
      bytes += member_of(*one, "readLocalBytes") + member_of(*one, "readRemoteBytes");
    }
    if (bytes > 0) result.push_back({namespace_name + "/" + name->as_string(), bytes});
  }
  return result;
}

}  // namespace invoker_locality
