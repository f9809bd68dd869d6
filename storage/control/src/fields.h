// Reading the members of an object strictly. The first fault is kept, and what was read after it
// counts for nothing.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/result.h"

namespace storage_control {

class Fields {
 public:
  explicit Fields(const base::Json& json) : json_(json) {
    if (!json.is_object()) fail("is no object");
  }

  const base::Json* find(std::string_view key) const { return json_.find(key); }

  // Required.
  std::string text(std::string_view key);
  std::string bytes(std::string_view key);  // decode_bytes()
  bool flag(std::string_view key);
  std::int64_t whole(std::string_view key, std::int64_t least = 0,
                     std::int64_t most = std::numeric_limits<std::int64_t>::max());
  template <typename Value, std::size_t kCount>
  Value choice(std::string_view key,
               const std::array<std::pair<std::string_view, Value>, kCount>& names) {
    const std::string word = text(key);
    for (const auto& [name, value] : names) {
      if (name == word) return value;
    }
    fail("\"" + std::string(key) + "\" has an unknown word");
    return names[0].second;
  }
  const base::Json& object(std::string_view key);
  const base::Json& array(std::string_view key);

  void fail(std::string what) {
    if (status_) status_ = base::Error{base::ErrorCode::kInvalidArgument, std::move(what)};
  }
  // Takes over the fault of a value that was read by somebody else.
  template <typename T>
  T take(base::Result<T> value, T otherwise = {}) {
    if (value) return std::move(value).value();
    fail(value.error().message);
    return otherwise;
  }

  template <typename T>
  base::Result<T> finish(T value) {
    if (!status_) return std::move(status_).error();
    return value;
  }

 private:
  const base::Json* require(std::string_view key);

  const base::Json& json_;
  base::Status status_;
};

template <typename Value, std::size_t kCount>
std::string word_of(const std::array<std::pair<std::string_view, Value>, kCount>& names,
                    Value wanted) {
  for (const auto& [name, value] : names) {
    if (value == wanted) return std::string(name);
  }
  return {};
}

}  // namespace storage_control
