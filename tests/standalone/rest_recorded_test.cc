// Answers of the stock controller (OpenWhisk 1fae641a, recorded), given again by ours for the same
// outcome. data/recorded.json: the client's answer and the stored record of each case (in case 02
// with the numbers as they were answered: the store it was recorded with rounds them).
#include <fstream>
#include <sstream>

#include "rest_world.h"

namespace {

using base::Json;

Json recorded() {
  std::ifstream file(RECORDED_ANSWERS);
  std::stringstream text;
  text << file.rdbuf();
  return Json::parse(text.str()).value();
}

const std::string& text_of(const Json& object, const std::string& key) {
  return object.find(key)->as_string();
}

invoker::Activation activation_of(const Json& record) {
  invoker::Activation activation;
  activation.activation_id = text_of(record, "activationId");
  activation.namespace_name = text_of(record, "namespace");
  activation.subject = text_of(record, "subject");
  activation.name = text_of(record, "name");
  activation.version = text_of(record, "version");
  activation.start_ms = *record.find("start")->as_int64();
  activation.end_ms = *record.find("end")->as_int64();
  activation.duration_ms = *record.find("duration")->as_int64();
  const Json& response = *record.find("response");
  activation.response.code =
      static_cast<invoker::StatusCode>(*response.find("statusCode")->as_int64());
  if (response.find("result") != nullptr) activation.response.result = *response.find("result");
  if (response.find("size") != nullptr)
    activation.response.size = response.find("size")->as_int64();
  for (const Json& line : record.find("logs")->items()) activation.logs.push_back(line.as_string());
  activation.annotations = *record.find("annotations");
  return activation;
}

class Recorded : public RestTest, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(Recorded, OursAnswersAndStoresTheSame) {
  const Json cases = recorded();
  ASSERT_LT(GetParam(), cases.items().size());
  const Json& one = cases.items()[GetParam()];
  SCOPED_TRACE(text_of(one, "case"));
  const Json& record = *one.find("record");
  const std::string name = text_of(record, "name");
  ASSERT_EQ(call("PUT", kActions + name, R"({"exec":{"kind":"python:3","code":"c"}})").status(),
            200);
  const bool blocking = one.find("blocking")->as_bool();
  const auto answer =
      call("POST", kActions + name + (blocking ? "?blocking=true" : "?blocking=false"), "{}");
  // The recorded id in place of the one that was made up: everything else must come out by itself.
  const auto message = invoke.messages().back();
  invoker::Activation activation = activation_of(record);
  const std::string recorded_id = activation.activation_id;
  activation.activation_id = message.activation_id;
  plane->completed(message, activation);
  std::string expected = text_of(one, "body");
  if (const auto at = expected.find(recorded_id); at != std::string::npos) {
    expected.replace(at, recorded_id.size(), message.activation_id);
  }
  EXPECT_EQ(answer.status(), *one.find("status")->as_int64());
  EXPECT_EQ(answer.json(), Json::parse(expected).value()) << answer.body();
  for (const auto& [header, value] : one.find("headers")->members()) {
    if (header == "X-Request-ID") continue;
    const std::string& wanted =
        header == "x-openwhisk-activation-id" ? message.activation_id : value.as_string();
    EXPECT_EQ(answer.header(header), wanted) << header;
  }
  Json stored = activations.get("guest", message.activation_id).value();
  Json wanted = record;
  stored.set("updated", *wanted.find("updated"));
  wanted.set("activationId", message.activation_id).set("_id", "guest/" + message.activation_id);
  EXPECT_EQ(stored, wanted) << stored.to_string();
}

INSTANTIATE_TEST_SUITE_P(Cases, Recorded, ::testing::Range<std::size_t>(0, 18));

TEST(RecordedCases, AreAllTried) { EXPECT_EQ(recorded().items().size(), 18u); }

}  // namespace
