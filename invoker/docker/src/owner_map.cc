#include "owner_map.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <vector>

#include "invoker/container.h"

namespace invoker_docker {
namespace {

using base::Error;
using base::ErrorCode;

struct Range {
  std::uint64_t inside = 0, outside = 0, count = 0;

  bool holds(std::uint64_t id) const { return id >= inside && id - inside < count; }
};
using Ranges = std::vector<Range>;

base::Result<Ranges> parse(std::string_view text) {
  Ranges ranges;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    Range range;
    if (!(words >> range.inside >> range.outside >> range.count)) {
      return Error{ErrorCode::kInvalidArgument, "\"" + line + "\" is no line of a map of ids"};
    }
    ranges.push_back(range);
  }
  return ranges;
}

std::optional<std::uint64_t> inside_of(const Ranges& ranges, std::uint64_t outside) {
  for (const Range& range : ranges) {
    if (outside >= range.outside && outside - range.outside < range.count) {
      return range.inside + (outside - range.outside);
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> outside_of(const Ranges& ranges, std::uint64_t inside) {
  for (const Range& range : ranges) {
    if (range.holds(inside)) return range.outside + (inside - range.inside);
  }
  return std::nullopt;
}

// `range` without `id`.
void cut(const Range& range, std::uint64_t id, Ranges& pieces) {
  if (!range.holds(id)) return pieces.push_back(range);
  const std::uint64_t before = id - range.inside;
  if (before > 0) pieces.push_back({range.inside, range.outside, before});
  if (const std::uint64_t after = range.count - before - 1; after > 0) {
    pieces.push_back({id + 1, range.outside + before + 1, after});
  }
}

Ranges without(const Ranges& ranges, std::uint64_t id) {
  Ranges pieces;
  for (const Range& range : ranges) cut(range, id, pieces);
  return pieces;
}

std::string text_of(const Ranges& ranges) {
  std::string text;
  for (const Range& range : ranges) {
    text += std::to_string(range.inside) + " " + std::to_string(range.outside) + " " +
            std::to_string(range.count) + "\n";
  }
  return text;
}

bool is_of_host(const Ranges& ranges) {
  return std::ranges::all_of(ranges, [](const Range& each) { return each.inside == each.outside; });
}

}  // namespace

base::Result<std::string> owner_map(std::string_view container_map, std::uint32_t user) {
  constexpr std::uint64_t kStored = invoker::kActionOwner;
  TRY(const Ranges ranges, parse(container_map));
  const auto inside = inside_of(ranges, user);
  if (!inside) {
    return Error{ErrorCode::kUnsupported,
                 "The container has no id for user " + std::to_string(user) + " of this host."};
  }
  if (*inside == kStored) return is_of_host(ranges) ? "" : text_of(ranges);
  Ranges swapped = without(without(ranges, kStored), *inside);
  swapped.push_back({kStored, user, 1});
  if (const auto other = outside_of(ranges, kStored)) swapped.push_back({*inside, *other, 1});
  return text_of(swapped);
}

}  // namespace invoker_docker
