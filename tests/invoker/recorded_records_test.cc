// The records of the real system, made again from their messages, times and answers.
#include <gtest/gtest.h>

#include "invoker/make_activation.h"
#include "invoker/runtime_protocol.h"
#include "recorded.h"

namespace invoker {
namespace {

using base::Json;

std::int64_t number(const Json& json, std::string_view key) { return *json.find(key)->as_int64(); }

const Json* annotation(const Json& record, std::string_view key) {
  for (const Json& entry : record.find("annotations")->items())
    if (entry.find("key")->as_string() == key) return entry.find("value");
  return nullptr;
}

// The annotations as one object, so that their order does not matter.
Json with_annotations_by_key(Json record) {
  Json by_key = Json::object();
  for (const Json& entry : record.find("annotations")->items())
    by_key.set(entry.find("key")->as_string(), *entry.find("value"));
  record.set("annotations", std::move(by_key));
  return record;
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

Response response_of(const Json& record) {
  const Json& json = *record.find("response");
  Response response;
  response.code = static_cast<StatusCode>(number(json, "statusCode"));
  if (const Json* result = json.find("result")) response.result = *result;
  if (const Json* size = json.find("size")) response.size = size->as_int64();
  return response;
}

std::vector<std::string> logs_of(const Json& record) {
  std::vector<std::string> logs;
  for (const Json& line : record.find("logs")->items()) logs.push_back(line.as_string());
  return logs;
}

Activation made_again(const Json& record, const ActivationMessage& message) {
  Response response = response_of(record);
  if (annotation(record, "limits") == nullptr)
    return fallback_activation(message, std::move(response), number(record, "start"));
  const Action action = action_of(record);
  const bool no_container =
      number(record, "duration") == 0 && annotation(record, "kind")->as_string() == "blackbox";
  if (no_container) {
    return activation_without_container(message, action, std::move(response),
                                        number(record, "start"));
  }
  return make_activation(message, action, std::move(response), times_of(record, message));
}

TEST(RecordedRecords, AreMadeAgain) {
  const Json cases = recorded("records.json");
  ASSERT_GE(cases.items().size(), 40U);
  for (const Json& entry : cases.items()) {
    const Json& record = *entry.find("record");
    Activation activation = made_again(record, message_of(*entry.find("message")));
    activation.logs = logs_of(record);
    EXPECT_EQ(with_annotations_by_key(to_document(activation)), with_annotations_by_key(record))
        << entry.find("case")->as_string() << "\n"
        << to_document(activation).to_string();
  }
}

// The answers are the recorded results, written as the recording runtime wrote them.
TEST(RecordedRecords, AnswersComeToTheRecordedResponse) {
  int answers = 0;
  const Json cases = recorded("records.json");
  for (const Json& entry : cases.items()) {
    if (entry.find("answer")->is_null()) continue;
    CallOutcome outcome;
    outcome.status = 200;
    outcome.body = entry.find("answer")->as_string();
    const Response response = run_response(outcome, {});
    const Response expected = response_of(*entry.find("record"));
    EXPECT_EQ(response.code, expected.code) << entry.find("case")->as_string();
    EXPECT_EQ(response.result, expected.result) << entry.find("case")->as_string();
    EXPECT_EQ(response.size, expected.size) << entry.find("case")->as_string();
    ++answers;
  }
  EXPECT_GE(answers, 30);
}

}  // namespace
}  // namespace invoker
