#include <utility>

#include "invoker/message_json.h"

namespace invoker {
namespace {

using base::Json;

bool is_transid(const Json& json);

// What may follow the id and the start: true?, parent?
bool is_tail(const Json::Array& items) {
  switch (items.size()) {
    case 2:
      return true;
    case 3:
      return items[2].is_bool() || is_transid(items[2]);
    case 4:
      return items[2].is_bool() && is_transid(items[3]);
    default:
      return false;
  }
}

bool is_transid(const Json& json) {
  if (!json.is_array() || json.items().size() < 2) return false;
  const Json::Array& items = json.items();
  return items[0].is_string() && items[1].as_int64().has_value() && is_tail(items);
}

}  // namespace

std::optional<TransactionId> read_transid(Json json) {
  if (!is_transid(json)) return std::nullopt;
  TransactionId transid;
  transid.id = json.items()[0].as_string();
  transid.start_ms = *json.items()[1].as_int64();
  transid.json = std::move(json);
  return transid;
}

}  // namespace invoker
