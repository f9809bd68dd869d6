#include "key_values.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace standalone {
namespace {

const std::string& key_of(const base::Json& item) { return item.find("key")->as_string(); }

Answer<base::Json> parse_item(const base::Json& item) {
  const Failure malformed = malformed_content("parameters malformed!");
  const base::Json* key = item.find("key");
  const base::Json* value = item.find("value");
  if (key == nullptr || !key->is_string() || value == nullptr) return malformed;
  base::Json parsed = base::Json::object({{"key", *key}, {"value", *value}});
  if (const base::Json* init = item.find("init"); init != nullptr) {
    if (!init->is_bool()) return malformed;
    if (init->as_bool()) parsed.set("init", true);
  }
  if (const base::Json* encryption = item.find("encryption"); encryption != nullptr) {
    if (!encryption->is_string()) return malformed;
    parsed.set("encryption", *encryption);
  }
  return parsed;
}

}  // namespace

Answer<base::Json> parse_key_values(const base::Json& list) {
  if (!list.is_array()) return malformed_content("parameters malformed!");
  base::Json parsed = base::Json::array();
  for (const base::Json& item : list.items()) {
    ASK(base::Json one, parse_item(item));
    parsed.append(std::move(one));
  }
  base::Json merged = base::Json::array();
  merge_key_values(merged, parsed);
  return merged;
}

std::size_t size_of_key_values(const base::Json& list) {
  std::size_t bytes = 0;
  for (const base::Json& item : list.items()) {
    bytes += key_of(item).size() + item.find("value")->to_string().size();
  }
  return bytes;
}

void merge_key_values(base::Json& list, const base::Json& updates) {
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < list.items().size(); ++i) places[key_of(list.items()[i])] = i;
  for (const base::Json& item : updates.items()) {
    const auto [place, is_new] = places.try_emplace(key_of(item), list.items().size());
    if (is_new) {
      list.append(item);
    } else {
      list.items()[place->second] = item;
    }
  }
}

void remove_keys(base::Json& list, const std::vector<std::string>& keys) {
  const std::unordered_set<std::string> gone(keys.begin(), keys.end());
  std::erase_if(list.items(), [&](const base::Json& item) { return gone.contains(key_of(item)); });
}

void set_key_value(base::Json& list, const std::string& key, base::Json value) {
  base::Json update = base::Json::array();
  update.append(base::Json::object({{"key", key}, {"value", std::move(value)}}));
  merge_key_values(list, update);
}

const base::Json* find_key_value(const base::Json& list, std::string_view key) {
  for (const base::Json& item : list.items()) {
    if (key_of(item) == key) return item.find("value");
  }
  return nullptr;
}

}  // namespace standalone
