#include "invoker/action.h"

namespace invoker {

const base::Json* Action::annotation(std::string_view key) const {
  if (!annotations.is_array()) return nullptr;
  for (const base::Json& entry : annotations.items()) {
    const base::Json* const entry_key = entry.find("key");
    if (entry_key != nullptr && entry_key->is_string() && entry_key->as_string() == key)
      return entry.find("value");
  }
  return nullptr;
}

base::Json to_json(const ActionLimits& limits) {
  base::Json json = base::Json::object({{"timeout", std::int64_t{limits.timeout.count()}},
                                        {"memory", limits.memory_bytes >> 20},
                                        {"logs", limits.logs_bytes >> 20},
                                        {"concurrency", limits.concurrency}});
  if (limits.instances) json.set("instances", *limits.instances);
  return json;
}

}  // namespace invoker
