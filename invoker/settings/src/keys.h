// The names of all settings: those that are used, and those that OpenWhisk's image gets and that
// mean nothing here, with the reason.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace invoker_settings {

enum class Shape {
  kOne,   // one value; a list may also be given item by item: "name.0", "name.1"
  kTree,  // any names below it
};

struct Key {
  std::string_view path;
  const char* standard;  // the default as text; null pointer: none
  std::string_view help;
  Shape shape = Shape::kOne;
  bool secret = false;  // never printed
};

// In the order in which --print-config shows them.
std::span<const Key> used_keys();

// Of `path`, or of the tree that it is in. Null pointer: not used.
const Key* used_key(std::string_view path);

// Why a setting, or everything below it, is not used; empty: it is not known at all.
std::string_view reason_not_used(std::string_view path);

// The variables that are no CONFIG_ ones: PORT, KAFKA_HOSTS, ...
std::span<const std::string_view> named_variables();

// Never to be printed: a secret key, or a name in a tree that speaks of a password.
bool is_secret(std::string_view path);

}  // namespace invoker_settings
