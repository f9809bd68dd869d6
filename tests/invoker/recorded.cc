#include "recorded.h"

#include <fstream>
#include <sstream>

#include "invoker/make_activation.h"
#include "invoker/message_json.h"

namespace invoker {

using base::Json;

namespace {

std::int64_t number(const Json& json, std::string_view key) { return *json.find(key)->as_int64(); }

const Json* annotation(const Json& record, std::string_view key) {
  for (const Json& entry : record.find("annotations")->items())
    if (entry.find("key")->as_string() == key) return entry.find("value");
  return nullptr;
}

Action action_of(const Json& record) {
  const Json& limits = *annotation(record, "limits");
  const std::string path = annotation(record, "path")->as_string();
  Action action;
  action.path = path.substr(0, path.rfind('/'));
  action.name = record.find("name")->as_string();
  action.version = record.find("version")->as_string();
  action.exec.kind = annotation(record, "kind")->as_string();
  action.limits.timeout = std::chrono::milliseconds(number(limits, "timeout"));
  action.limits.memory_bytes = number(limits, "memory") << 20;
  action.limits.logs_bytes = number(limits, "logs") << 20;
  action.limits.concurrency = static_cast<int>(number(limits, "concurrency"));
  return action;
}

// When the calls must have been for the record to say what it says.
Times times_of(const Json& record, const ActivationMessage& message) {
  const std::int64_t start = number(record, "start"), end = number(record, "end");
  const bool timed_out = annotation(record, "timeout")->as_bool();
  const Json* const init_time = annotation(record, "initTime");
  if (init_time == nullptr) return {std::nullopt, CallTime{start, end, timed_out}};
  const std::int64_t init_ms = *init_time->as_int64();
  const std::int64_t init = message.transid.start_ms + *annotation(record, "waitTime")->as_int64();
  if (init == start && init_ms == end - start)
    return {CallTime{start, end, timed_out}, std::nullopt};
  return {CallTime{init, init + init_ms, false}, CallTime{start + init_ms, end, timed_out}};
}

std::vector<std::string> logs_of(const Json& record) {
  std::vector<std::string> logs;
  for (const Json& line : record.find("logs")->items()) logs.push_back(line.as_string());
  return logs;
}

}  // namespace

base::Json recorded(const std::string& file) {
  std::ifstream stream(std::string(LARDER_TEST_DATA) + "/" + file);
  std::stringstream text;
  text << stream.rdbuf();
  return base::Json::parse(text.str()).value();
}

ActivationMessage message_of(const base::Json& json) {
  return read_activation_message(json, base::WallTime{}).value();
}

ActivationMessage some_message() {
  return message_of(*recorded("messages.json").find("accepted")->items().front().find("message"));
}

Action some_action() {
  Action action;
  action.path = "guest";
  action.name = "echo";
  action.version = "0.0.1";
  action.exec.kind = "python:3";
  action.exec.code = "def main(a): return a";
  return action;
}

Response response_of(const Json& record) {
  const Json& json = *record.find("response");
  Response response;
  response.code = static_cast<StatusCode>(number(json, "statusCode"));
  if (const Json* result = json.find("result")) response.result = *result;
  if (const Json* size = json.find("size")) response.size = size->as_int64();
  return response;
}

Json with_annotations_by_key(Json record) {
  Json by_key = Json::object();
  for (const Json& entry : record.find("annotations")->items())
    by_key.set(entry.find("key")->as_string(), *entry.find("value"));
  record.set("annotations", std::move(by_key));
  return record;
}

bool was_run(const Json& record) {
  const bool found = annotation(record, "limits") != nullptr;
  return found &&
         (number(record, "duration") != 0 || annotation(record, "kind")->as_string() != "blackbox");
}

Activation made_again(const Json& record, const ActivationMessage& message) {
  Response response = response_of(record);
  if (annotation(record, "limits") == nullptr)
    return fallback_activation(message, std::move(response), number(record, "start"));
  const Action action = action_of(record);
  if (!was_run(record)) {
    return activation_without_container(message, action, std::move(response),
                                        number(record, "start"));
  }
  Activation activation =
      make_activation(message, action, std::move(response), times_of(record, message));
  activation.logs = logs_of(record);
  return activation;
}

}  // namespace invoker
