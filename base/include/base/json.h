// JSON as OpenWhisk treats it: a user's number is text and is never turned into a double.
//
// Rules of reading (those of OpenWhisk's own reader): UTF-8, invalid bytes and halves of surrogate
// pairs become U+FFFD; at most 1000 levels of nesting; numbers of at most 100 characters; of a
// repeated member the last wins.
// Rules of writing: compact; only `"`, `\` and characters below 0x20 are escaped.
// A Json is a value: copies are deep, and it is as thread-safe as any value.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace base {

class Json {
 public:
  using Member = std::pair<std::string, Json>;
  using Array = std::vector<Json>;
  using Object = std::vector<Member>;  // in the order read or set; keys are unique
  enum class Type { kNull, kBool, kNumber, kString, kArray, kObject };

  Json() = default;  // null
  Json(std::nullptr_t) {}
  Json(bool value) : value_(value) {}
  Json(int value) : Json(static_cast<std::int64_t>(value)) {}
  Json(std::int64_t value) : value_(Number{std::to_string(value)}) {}
  Json(std::uint64_t value) : value_(Number{std::to_string(value)}) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(Array value) : value_(std::move(value)) {}

  static Json array() { return Json(Array{}); }
  // An object with these members; of a repeated key the last wins.
  static Json object(std::initializer_list<Member> members = {});
  // A number with exactly this text, which must be a JSON number.
  static Json number(std::string text);

  // Errors: kInvalidArgument with the place ("... at byte 17") when `text` is not one JSON value.
  static Result<Json> parse(std::string_view text);
  // The same for files that people write: // and /* */ comments count as blanks.
  static Result<Json> parse_with_comments(std::string_view text);

  Type type() const { return static_cast<Type>(value_.index()); }
  bool is_null() const { return type() == Type::kNull; }
  bool is_bool() const { return type() == Type::kBool; }
  bool is_number() const { return type() == Type::kNumber; }
  bool is_string() const { return type() == Type::kString; }
  bool is_array() const { return type() == Type::kArray; }
  bool is_object() const { return type() == Type::kObject; }

  // Each wants a value of its type (CHECK).
  bool as_bool() const { return get<bool>(); }
  const std::string& as_string() const { return get<std::string>(); }
  const std::string& number_text() const { return get<Number>().text; }
  const Array& items() const { return get<Array>(); }
  Array& items() { return get<Array>(); }
  const Object& members() const { return get<Object>(); }
  Object& members() { return get<Object>(); }  // keep the keys unique

  // The number as a 64-bit integer; nothing when this is no number, not whole (1.0 and 1e2 are), or
  // does not fit.
  std::optional<std::int64_t> as_int64() const;

  // The member `key` of an object; null pointer when there is none or this is no object.
  const Json* find(std::string_view key) const;
  Json* find(std::string_view key);

  // Sets or replaces a member of an object, adds an item to an array. A null becomes one first.
  Json& set(std::string key, Json value);
  void erase(std::string_view key);
  Json& append(Json value);

  std::string to_string() const;          // compact
  void write_to(std::string& out) const;  // appends the same
  std::string to_pretty_string() const;   // two blanks of indentation

  // Equal structure; members in any order; numbers by text.
  friend bool operator==(const Json& a, const Json& b);

 private:
  struct Number {
    std::string text;
    bool operator==(const Number&) const = default;
  };

  template <typename T>
  const T& get() const {
    const T* value = std::get_if<T>(&value_);
    CHECK(value != nullptr);
    return *value;
  }
  template <typename T>
  T& get() {
    return const_cast<T&>(std::as_const(*this).get<T>());
  }

  std::variant<std::monostate, bool, Number, std::string, Array, Object> value_;
};

// The string quoted and escaped as a JSON string, appended to `out`.
void append_json_string(std::string& out, std::string_view text);

}  // namespace base
