#include "stem_cells.h"

#include <algorithm>

namespace invoker {

namespace {

constexpr std::chrono::milliseconds kRetryDelayFirst{100};
constexpr std::chrono::milliseconds kRetryDelayMax{10'000};

bool is_short(const StemClass& stem) { return stem.ready.size() + stem.starting < stem.count; }

}  // namespace

StemCells::StemCells(const std::vector<StemCellConfig>& configs) {
  for (const StemCellConfig& config : configs) {
    if (config.count <= 0 || config.memory_bytes <= 0) continue;
    StemClass* stem = find(config.kind, config.memory_bytes);
    if (stem == nullptr) {
      stem = &classes_.emplace_back();
      stem->kind = config.kind;
      stem->memory_bytes = config.memory_bytes;
    }
    stem->count += static_cast<std::size_t>(config.count);
  }
}

StemClass* StemCells::find(const std::string& kind, std::int64_t memory_bytes) {
  for (StemClass& stem : classes_) {
    if (stem.memory_bytes == memory_bytes && stem.kind == kind) return &stem;
  }
  return nullptr;
}

bool StemCells::wants_one(const StemClass& stem, base::Instant now) {
  if (!is_short(stem)) return false;
  return !stem.failing || (stem.starting == 0 && now >= stem.retry_at);
}

void StemCells::start_ended(StemClass& stem, bool succeeded, base::Instant now) {
  --stem.starting;
  if (succeeded) {
    stem.failing = false;
    return;
  }
  // Cells that were begun together and fail together count as one failure.
  if (stem.failing && now < stem.retry_at) return;
  stem.retry_delay =
      stem.failing ? std::min(stem.retry_delay * 2, kRetryDelayMax) : kRetryDelayFirst;
  stem.failing = true;
  stem.retry_at = now + stem.retry_delay;
}

std::optional<base::Instant> StemCells::next_retry(base::Instant now) const {
  std::optional<base::Instant> first;
  for (const StemClass& stem : classes_) {
    if (!stem.failing || !is_short(stem) || stem.retry_at <= now) continue;
    if (!first || stem.retry_at < *first) first = stem.retry_at;
  }
  return first;
}

}  // namespace invoker
