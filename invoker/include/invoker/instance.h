// Who an invoker is, as it says in pings and acknowledgements.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace invoker {

struct InvokerInstance {
  int id = 0;
  std::int64_t user_memory_bytes = 0;
  std::optional<std::string> unique_name;
  std::optional<std::string> displayed_name;
  std::vector<std::string> tags;
  std::vector<std::string> dedicated_namespaces;

  // "invoker0": of topics, groups and events.
  std::string source() const { return "invoker" + std::to_string(id); }
  // "invoker0/unique/displayed", for people.
  std::string display() const;
};

// OpenWhisk's InvokerInstanceId. Tags and dedicated namespaces are always there, because
// controllers from 2.0 on refuse it without them; memory is a text in bytes.
base::Json to_json(const InvokerInstance& instance);

// What an invoker says once a second in the topic `health`.
std::string ping_message(const InvokerInstance& instance, bool enabled);

}  // namespace invoker
