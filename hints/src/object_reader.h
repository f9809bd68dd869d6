// Reads the members of one object of a hint, strictly, and keeps the first thing that is wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/text.h"

namespace hints {

// The value as it may stand in a sentence: short, on one line, never deeper than one level.
std::string show(const base::Json& value);

// "place: what"
base::Error refusal(std::string_view place, std::string_view what);

// A size in bytes above 0: "2 GB" or a whole number.
base::Result<std::int64_t> read_size(std::string_view place, const base::Json& value);

template <typename Value>
using Choices = std::span<const std::pair<std::string_view, Value>>;

struct Range {
  int min;
  int max;
};

// Each method reads one key: it leaves the target alone when the key is absent, and does nothing
// once something was wrong.
class ObjectReader {
 public:
  ObjectReader(std::string place, const base::Json& object);

  // Whether the key is there; asked for before or after reading it.
  bool has(std::string_view key) const { return object_.find(key) != nullptr; }
  std::string place_of(std::string_view key) const { return place_ + "." + std::string(key); }

  void require(std::string_view key);
  void text(std::string_view key, std::string& target);
  void flag(std::string_view key, bool& target);
  void whole(std::string_view key, Range range, int& target);
  void size(std::string_view key, std::optional<std::int64_t>& target);

  template <typename Value, typename Target>
  void choice(std::string_view key, Choices<Value> choices, Target& target) {
    const base::Json* value = take(key);
    if (value == nullptr) return;
    std::vector<std::string_view> names;
    for (const auto& [name, meaning] : choices) {
      names.push_back(name);
      if (value->is_string() && value->as_string() == name) {
        target = meaning;
        return;
      }
    }
    refuse(key, show(*value) + " is not one of " + base::quoted_list(names));
  }

  // Lets `read(place, value)` → Status deal with the value.
  void with(std::string_view key, const auto& read) {
    const base::Json* value = take(key);
    if (value == nullptr) return;
    keep(read(place_of(key), *value));
  }

  void refuse(std::string_view key, std::string_view what);
  void keep(base::Status status);

  // The first thing that was wrong; else an unknown key, which is likely a missing one misspelt;
  // else a missing key; else success.
  base::Status finish();

 private:
  const base::Json* take(std::string_view key);

  std::string place_;
  const base::Json& object_;
  std::vector<std::string_view> known_;
  std::string_view missing_;
  base::Status status_;
};

}  // namespace hints
