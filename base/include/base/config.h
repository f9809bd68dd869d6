// Configuration in layers: defaults < file < environment < command line.
//
// A program declares its keys once; whatever names another key is refused, with the name that was
// probably meant. Every value knows where it comes from.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace base {

struct ConfigKey {
  std::string name;  // "pool.user-memory": lower case, parts joined by '.' and '-'
  Json value;        // the default; null: none
  std::string help;
  bool secret = false;  // never printed
};

// Threads: filled by one thread; reading afterwards is safe from any.
// Errors of the add functions: kInvalidArgument with a sentence that names origin and key. What was
// read before the fault stays.
// Errors of the getters: kInvalidArgument with key, value, origin and what is allowed; kNotFound
// when nothing gives the key a value. A name that was not declared is a bug (CHECK).
class Config {
 public:
  explicit Config(std::vector<ConfigKey> keys);

  // `text`: a JSON object with // and /* */ comments; objects inside it spell dotted names.
  Status add_file(std::string_view text, std::string_view file_name);
  // The same, of what is in the file. kNotFound: it cannot be read.
  Status read_file(const std::string& file_name);
  // Of "NAME=value" strings those that begin with `prefix`: with "LARDER_", the variable
  // LARDER_POOL_USER_MEMORY sets pool.user-memory. An empty value counts as not set.
  Status add_environment(std::span<const std::string> variables, std::string_view prefix);
  // "pool.user-memory=2g", one each.
  Status add_command_line(std::span<const std::string> settings);

  bool has(std::string_view name) const;
  Result<std::string> text(std::string_view name) const;
  Result<bool> flag(std::string_view name) const;  // true or false
  Result<std::int64_t> whole(std::string_view name, std::int64_t min, std::int64_t max) const;
  Result<std::int64_t> bytes(std::string_view name) const;                  // see sizes.h
  Result<std::chrono::milliseconds> duration(std::string_view name) const;  // a number: ms
  // As it was set; arrays and objects only from a file, everything from elsewhere is text.
  Result<Json> json(std::string_view name) const;

  // A line for each key: `pool.user-memory = "2g"  (environment LARDER_POOL_USER_MEMORY)`.
  std::string describe() const;

 private:
  enum class Layer { kDefault, kFile, kEnvironment, kCommandLine };
  struct Entry {
    ConfigKey key;
    Json value;
    Layer layer = Layer::kDefault;
    std::string origin = "default";
  };

  Status set(std::string_view name, Json value, Layer layer, const std::string& origin);
  Status set_object(const std::string& prefix, const Json& object, const std::string& origin);
  Error unknown(std::string_view name, const std::string& origin) const;
  Error unknown_variable(std::string_view variable, std::string_view prefix) const;
  Error wrong(const Entry& entry, std::string_view expected) const;
  Entry* find(std::string_view name);
  const Entry& at(std::string_view name) const;
  Result<const Entry*> with_value(std::string_view name) const;

  std::vector<Entry> entries_;
};

}  // namespace base
