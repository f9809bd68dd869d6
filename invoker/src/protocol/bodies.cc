// What is said to a runtime. Written straight into the text: content may be large, and numbers in
// it are passed on as they were written.
#include <algorithm>
#include <array>
#include <utility>

#include "invoker/runtime_protocol.h"

namespace invoker {
namespace {

using base::Json;

// The context of an activation; a member of the identity's key never takes the place of one.
constexpr std::array<std::string_view, 7> kContextNames = {
    "value",         "namespace",      "action_name", "action_version",
    "activation_id", "transaction_id", "deadline"};

bool is_context(std::string_view name) {
  return std::ranges::find(kContextNames, name) != kContextNames.end();
}

bool is_zero(const std::string& number) {
  return number.substr(0, number.find_first_of("eE")).find_first_of("123456789") == number.npos;
}

bool is_truthy(const Json& value) {
  switch (value.type()) {
    case Json::Type::kNull:
      return false;
    case Json::Type::kBool:
      return value.as_bool();
    case Json::Type::kNumber:
      return !is_zero(value.number_text());
    case Json::Type::kString:
      return !value.as_string().empty();
    case Json::Type::kArray:
    case Json::Type::kObject:
      break;
  }
  return true;
}

// Actions made before the annotation existed expect the key.
bool provides_api_key(const Action& action) {
  const Json* const annotation = action.annotation("provide-api-key");
  return annotation == nullptr || is_truthy(*annotation);
}

bool goes_to_init(const ActivationMessage& message, const std::string& name) {
  return std::ranges::find(message.init_args, name) != message.init_args.end();
}

// A value as an environment variable holds it.
std::string environment_text(const Json& value) {
  if (value.is_null()) return {};
  return value.is_string() ? value.as_string() : value.to_string();
}

std::string variable_name(std::string_view context_name) {
  std::string name = "__OW_";
  for (const char c : context_name)
    name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

// Appends the members of a JSON object one by one.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  ~ObjectWriter() { out_ += '}'; }
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  std::string& member(std::string_view name) {
    if (!std::exchange(first_, false)) out_ += ',';
    base::append_json_string(out_, name);
    return out_ += ':';
  }
  void text(std::string_view name, std::string_view value) {
    base::append_json_string(member(name), value);
  }
  void json(std::string_view name, const Json& value) { value.write_to(member(name)); }

 private:
  std::string& out_;
  bool first_ = true;
};

// Calls `visit` with each member of the identity's key that the action may see.
void for_each_key(const ActivationMessage& message, const Action& action, auto visit) {
  if (!message.user.authkey.is_object() || !provides_api_key(action)) return;
  for (const auto& [name, value] : message.user.authkey.members())
    if (!is_context(name)) visit(name, value);
}

Json environment(const ActivationMessage& message, const Action& action, std::int64_t deadline_ms) {
  Json env = Json::object();
  if (message.content && message.content->is_object()) {
    for (const auto& [name, value] : message.content->members())
      if (goes_to_init(message, name)) env.set(name, environment_text(value));
  }
  for_each_key(message, action, [&](const std::string& name, const Json& value) {
    env.set(variable_name(name), environment_text(value));
  });
  env.set("__OW_NAMESPACE", message.user.namespace_name);
  env.set("__OW_ACTION_NAME", "/" + message.action_id());
  env.set("__OW_ACTION_VERSION", message.action_version.value_or(""));
  env.set("__OW_ACTIVATION_ID", message.activation_id);
  env.set("__OW_TRANSACTION_ID", message.transid.id);
  env.set("__OW_DEADLINE", std::to_string(deadline_ms));
  return env;
}

void write_value(std::string& out, const ActivationMessage& message) {
  if (!message.content) {
    out += "{}";
  } else if (!message.content->is_object() || message.init_args.empty()) {
    message.content->write_to(out);
  } else {
    ObjectWriter value(out);
    for (const auto& [name, member] : message.content->members())
      if (!goes_to_init(message, name)) value.json(name, member);
  }
}

void write_init(std::string& out, const ActivationMessage& message, const Action& action,
                std::int64_t deadline_ms) {
  ObjectWriter body(out);
  ObjectWriter value(body.member("value"));
  value.text("name", action.name);
  value.text("main", action.exec.main.value_or("main"));
  value.json("binary", action.exec.binary);
  if (action.exec.code) value.text("code", *action.exec.code);
  value.json("env", environment(message, action, deadline_ms));
}

void write_run(std::string& out, const ActivationMessage& message, const Action& action,
               std::int64_t deadline_ms) {
  ObjectWriter body(out);
  write_value(body.member("value"), message);
  for_each_key(message, action,
               [&](const std::string& name, const Json& value) { body.json(name, value); });
  body.text("namespace", message.user.namespace_name);
  body.text("action_name", "/" + message.action_id());
  body.json("action_version", message.action_version ? Json(*message.action_version) : Json());
  body.text("activation_id", message.activation_id);
  body.text("transaction_id", message.transid.id);
  body.text("deadline", std::to_string(deadline_ms));
}

}  // namespace

std::string init_body(const ActivationMessage& message, const Action& action,
                      std::int64_t deadline_ms) {
  std::string out;
  out.reserve(1024 + (action.exec.code ? action.exec.code->size() * 9 / 8 : 0));
  write_init(out, message, action, deadline_ms);
  return out;
}

std::string run_body(const ActivationMessage& message, const Action& action,
                     std::int64_t deadline_ms) {
  std::string out;
  out.reserve(1024);
  write_run(out, message, action, deadline_ms);
  return out;
}

}  // namespace invoker
