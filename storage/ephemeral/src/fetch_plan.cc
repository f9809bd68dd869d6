#include "fetch_plan.h"

#include <algorithm>

namespace storage_ephemeral {
namespace {

constexpr std::chrono::milliseconds kFirstPause{20};
constexpr std::uint32_t kDoublingsMax = 4;

}  // namespace

FetchStep FetchPlan::next(base::Instant now, const std::vector<NodeName>& sources) {
  std::optional<std::pair<base::Instant, NodeName>> best;
  for (const NodeName& node : sources) {
    if (refused_.contains(node)) continue;
    const auto trouble = troubled_.find(node);
    const base::Instant when = trouble == troubled_.end() ? now : trouble->second.again;
    if (!best || when < best->first) best = {when, node};
  }
  if (!best || now - progress_ >= patience_) return {.kind = FetchStep::Kind::kGiveUp};
  if (best->first <= now) return {.kind = FetchStep::Kind::kAsk, .node = best->second};
  return {.kind = FetchStep::Kind::kWait, .when = std::min(best->first, progress_ + patience_)};
}

void FetchPlan::lost(const NodeName& node, base::Instant now) {
  Trouble& trouble = troubled_[node];
  trouble.again = now + kFirstPause * (1U << std::min(trouble.failures, kDoublingsMax));
  ++trouble.failures;
}

void FetchPlan::progressed(const NodeName& node, base::Instant now) {
  progress_ = now;
  troubled_.erase(node);
}

}  // namespace storage_ephemeral
