// Every setting that something gives a value, with the place where it came from.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace invoker_settings {

enum class Source { kDefault, kFile, kVariable, kOption, kCommandLine };

struct Value {
  base::Json value;
  Source source = Source::kDefault;
  std::string origin;  // "environment CONFIG_whisk_kafka_common_securityProtocol"
  std::string name;    // as whoever set it knows it: "CONFIG_whisk_kafka_common_securityProtocol"
};

// Paths are dotted: "whisk.kafka.common.security-protocol". What is set later wins; a value takes
// the place of everything below its path, and of a value above it. Null takes a setting away.
class Layers {
 public:
  using Map = std::map<std::string, Value, std::less<>>;

  void set(const std::string& path, Value value);

  // Null pointer when nothing gives it a value.
  const Value* find(std::string_view path) const;
  // Those below `path`, which is left out of the keys: "security-protocol".
  std::vector<std::pair<std::string, const Value*>> below(std::string_view path) const;
  const Map& all() const { return values_; }

 private:
  void erase_above(std::string_view path);
  void erase_below(const std::string& path);

  Map values_;
};

}  // namespace invoker_settings
