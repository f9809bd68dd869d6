// Lists of parameters and annotations: [{"key","value"}].
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "failure.h"

namespace standalone {

// The list as it is stored: only the members that mean something; of a repeated key the last item.
Answer<base::Json> parse_key_values(const base::Json& list);

// The bytes of its keys and values, as its size is measured.
std::size_t size_of_key_values(const base::Json& list);

// Items of `updates` replace those of `list` with the same key, or are added.
void merge_key_values(base::Json& list, const base::Json& updates);
void remove_keys(base::Json& list, const std::vector<std::string>& keys);
void set_key_value(base::Json& list, const std::string& key, base::Json value);
// The value of `key`; null pointer when there is none.
const base::Json* find_key_value(const base::Json& list, std::string_view key);

}  // namespace standalone
