#include "storage/volume_plan.h"

#include <algorithm>
#include <string_view>

#include "hints/rules.h"

namespace storage {
namespace {

// Whether `inner` is `outer` or lies below it; "" is the root.
bool is_within(std::string_view inner, std::string_view outer) {
  if (outer.empty() || inner == outer) return true;
  return inner.size() > outer.size() && inner.starts_with(outer) && inner[outer.size()] == '/';
}

// The tier that the parts found so far, parents first, give to `target`.
hints::Tier tier_around(const std::vector<PlannedPart>& parts, std::string_view target) {
  hints::Tier tier = parts.front().tier;
  for (const auto& part : parts) {
    if (is_within(target, part.target)) tier = part.tier;
  }
  return tier;
}

}  // namespace

base::Result<std::vector<PlannedPart>> plan_parts(const hints::Volume& volume) {
  std::vector<PlannedPart> ruled{{"", volume.tier}};
  for (const auto& rule : hints::effective_rules(volume)) {
    const auto directory = hints::directory_of(rule);
    if (!directory) {
      return base::Error{base::ErrorCode::kUnsupported,
                         "volume '" + volume.name + "': rules can only name whole directories, " +
                             "as in \"out/**\"; \"" + rule.match + "\" is not of that form"};
    }
    ruled.push_back({std::string(*directory), rule.tier});
  }
  // In the order of their text a parent comes before its children.
  std::ranges::sort(ruled, {}, &PlannedPart::target);
  std::vector<PlannedPart> parts{ruled.front()};
  for (auto& part : ruled) {
    if (part.tier != tier_around(parts, part.target)) parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace storage
