#include "manifest/stem_cells.h"

#include <limits>

#include "base/sizes.h"
#include "base/text.h"

namespace invoker {
namespace {

using base::Json;

base::Error bad(std::string what) { return {base::ErrorCode::kInvalidArgument, std::move(what)}; }

base::Result<int> count_of(const Json& json, std::string_view key, int min) {
  const Json* value = json.find(key);
  const auto number = value == nullptr ? std::nullopt : value->as_int64();
  if (number && *number >= min && *number <= std::numeric_limits<int>::max()) {
    return static_cast<int>(*number);
  }
  return bad(std::string(key) + " must be a whole number of at least " + std::to_string(min));
}

base::Result<ReactiveStemCells> parse_reactive(const Json& json) {
  ReactiveStemCells reactive;
  TRY(reactive.count_min, count_of(json, "minCount", 0));
  TRY(reactive.count_max, count_of(json, "maxCount", 1));
  TRY(reactive.threshold, count_of(json, "threshold", 1));
  TRY(reactive.increment, count_of(json, "increment", 1));
  if (reactive.count_min > reactive.count_max) return bad("minCount is larger than maxCount");
  if (reactive.increment > reactive.count_max) return bad("increment is larger than maxCount");
  const Json* ttl = json.find("ttl");
  const auto time =
      base::parse_duration(ttl != nullptr && ttl->is_string() ? ttl->as_string() : "");
  if (!time) return bad("ttl must be a duration such as \"2 minutes\"");
  reactive.ttl = *time;
  return reactive;
}

}  // namespace

base::Result<StemCells> parse_stem_cells(const Json& json) {
  StemCells cells;
  const bool alias = json.find("initialCount") == nullptr && json.find("count") != nullptr;
  TRY(cells.initial_count, count_of(json, alias ? "count" : "initialCount", 1));
  const Json* memory = json.find("memory");
  const auto bytes =
      base::parse_bytes(memory != nullptr && memory->is_string() ? memory->as_string() : "");
  if (!bytes || *bytes <= 0) return bad("memory must be a size such as \"256 MB\"");
  cells.memory_bytes = *bytes;
  const Json* reactive = json.find("reactive");
  if (reactive == nullptr || reactive->is_null()) return cells;
  TRY(cells.reactive, parse_reactive(*reactive));
  return cells;
}

}  // namespace invoker
