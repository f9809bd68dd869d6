#include "orders.h"

namespace invoker_container {
namespace {

using base::Json;

Json to_json(const std::vector<std::string>& texts) {
  Json array = Json::array();
  for (const std::string& text : texts) array.append(text);
  return array;
}

// Reads members one by one and remembers the first that is not as it must be.
class Reader {
 public:
  explicit Reader(const Json& object) : object_(object) {}

  std::string text(const char* key) {
    const Json* value = object_.find(key);
    if (value != nullptr && value->is_string()) return value->as_string();
    return bad(key), std::string();
  }
  std::int64_t number(const char* key) {
    const Json* value = object_.find(key);
    const auto number = value == nullptr ? std::nullopt : value->as_int64();
    if (number) return *number;
    return bad(key), 0;
  }
  bool flag(const char* key) {
    const Json* value = object_.find(key);
    if (value != nullptr && value->is_bool()) return value->as_bool();
    return bad(key), false;
  }
  std::vector<std::string> texts(const char* key) {
    const Json* value = object_.find(key);
    std::vector<std::string> texts;
    if (value == nullptr || !value->is_array()) return bad(key), texts;
    for (const Json& item : value->items()) {
      if (item.is_string()) {
        texts.push_back(item.as_string());
      } else {
        bad(key);
      }
    }
    return texts;
  }

  template <typename T>
  base::Result<T> result(T value) const {
    if (bad_.empty()) return value;
    return base::Error{base::ErrorCode::kInvalidArgument, "member '" + bad_ + "' of an order"};
  }

 private:
  void bad(const char* key) {
    if (bad_.empty()) bad_ = key;
  }

  const Json& object_;
  std::string bad_;
};

}  // namespace

std::string encode(const WardenSetup& setup) {
  return Json::object({{"proxy", setup.proxy},
                       {"read_only_paths", to_json(setup.read_only_paths)},
                       {"cgroups", to_json(setup.cgroups)},
                       {"state_directory", setup.state_directory},
                       {"uid", setup.uid}})
      .to_string();
}

std::string encode(const StartOrder& order) {
  return Json::object({{"id", order.id},
                       {"hostname", order.hostname},
                       {"arguments", to_json(order.arguments)},
                       {"environment", to_json(order.environment)},
                       {"tmp_bytes", order.tmp_bytes},
                       {"shm_bytes", order.shm_bytes},
                       {"action_bytes", order.action_bytes},
                       {"uid_base", order.uid_base},
                       {"unified_cgroup", order.unified_cgroup}})
      .to_string();
}

std::string encode(const StartReply& reply) {
  return Json::object({{"id", reply.id}, {"pid", reply.pid}, {"error", reply.error}}).to_string();
}

base::Result<WardenSetup> decode_setup(const std::string& text) {
  TRY(const Json json, Json::parse(text));
  Reader reader(json);
  WardenSetup setup;
  setup.proxy = reader.text("proxy");
  setup.read_only_paths = reader.texts("read_only_paths");
  setup.cgroups = reader.texts("cgroups");
  setup.state_directory = reader.text("state_directory");
  setup.uid = reader.number("uid");
  return reader.result(std::move(setup));
}

base::Result<StartOrder> decode_order(const std::string& text) {
  TRY(const Json json, Json::parse(text));
  Reader reader(json);
  StartOrder order;
  order.id = static_cast<std::uint64_t>(reader.number("id"));
  order.hostname = reader.text("hostname");
  order.arguments = reader.texts("arguments");
  order.environment = reader.texts("environment");
  order.tmp_bytes = reader.number("tmp_bytes");
  order.shm_bytes = reader.number("shm_bytes");
  order.action_bytes = reader.number("action_bytes");
  order.uid_base = reader.number("uid_base");
  order.unified_cgroup = reader.flag("unified_cgroup");
  return reader.result(std::move(order));
}

base::Result<StartReply> decode_reply(const std::string& text) {
  TRY(const Json json, Json::parse(text));
  Reader reader(json);
  StartReply reply;
  reply.id = static_cast<std::uint64_t>(reader.number("id"));
  reply.pid = reader.number("pid");
  reply.error = reader.text("error");
  return reader.result(std::move(reply));
}

}  // namespace invoker_container
