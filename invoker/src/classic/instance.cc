#include "invoker/instance.h"

namespace invoker {

std::string InvokerInstance::display() const {
  std::string text = source();
  if (unique_name) text.append(1, '/').append(*unique_name);
  if (displayed_name) text.append(1, '/').append(*displayed_name);
  return text;
}

base::Json to_json(const InvokerInstance& instance) {
  base::Json json = base::Json::object(
      {{"instance", instance.id},
       {"userMemory", std::to_string(instance.user_memory_bytes) + " B"},
       {"instanceType", "invoker"},
       {"tags", base::Json::Array(instance.tags.begin(), instance.tags.end())},
       {"dedicatedNamespaces", base::Json::Array(instance.dedicated_namespaces.begin(),
                                                 instance.dedicated_namespaces.end())}});
  if (instance.unique_name) json.set("uniqueName", *instance.unique_name);
  if (instance.displayed_name) json.set("displayedName", *instance.displayed_name);
  return json;
}

std::string ping_message(const InvokerInstance& instance, bool enabled) {
  return base::Json::object({{"name", to_json(instance)}, {"isEnabled", enabled}}).to_string();
}

}  // namespace invoker
