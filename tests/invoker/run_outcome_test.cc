// Every row of the table that turns the answer of /run into a response.
#include <gtest/gtest.h>

#include "invoker/runtime_protocol.h"

namespace invoker {
namespace {

using std::chrono::milliseconds;

const CallFacts kFacts{.timeout = milliseconds(1000), .max_bytes = 100, .memory_exhausted = false};

CallOutcome answer(int status, std::string body) {
  CallOutcome outcome;
  outcome.status = status;
  outcome.content_length = static_cast<std::int64_t>(body.size());
  outcome.body = std::move(body);
  outcome.elapsed = milliseconds(5);
  return outcome;
}

CallOutcome broken(CallError error) {
  CallOutcome outcome;
  outcome.error = error;
  return outcome;
}

void expect(const CallOutcome& outcome, StatusCode code, const std::string& result,
            std::optional<std::int64_t> size, const CallFacts& facts = kFacts) {
  const Response response = run_response(outcome, facts);
  EXPECT_EQ(response.code, code) << result;
  ASSERT_TRUE(response.result) << result;
  EXPECT_EQ(response.result->to_string(), result);
  EXPECT_EQ(response.size, size) << result;
}

TEST(RunOutcome, AnObjectIsASuccess) {
  expect(answer(200, R"({"a": 1.0})"), StatusCode::kSuccess, R"({"a":1.0})", 10);
  expect(answer(200, "{}"), StatusCode::kSuccess, "{}", 2);
}

TEST(RunOutcome, AnArrayIsASuccess) {
  expect(answer(200, R"([1,{"a":null},"x"])"), StatusCode::kSuccess, R"([1,{"a":null},"x"])", 18);
}

TEST(RunOutcome, AnErrorWithStatus200IsTheApplicationsAndDropsTheOtherMembers) {
  expect(answer(200, R"({"a":1,"error":{"code":7}})"), StatusCode::kApplicationError,
         R"({"error":{"code":7}})", 26);
  expect(answer(200, R"({"error":null})"), StatusCode::kApplicationError, R"({"error":null})", 14);
}

TEST(RunOutcome, AnErrorWithAnotherStatusIsTheDevelopers) {
  expect(answer(502, R"({"error":"An error has occurred: x","b":1})"), StatusCode::kDeveloperError,
         R"({"error":"An error has occurred: x"})", 42);
}

TEST(RunOutcome, AnotherStatusWithoutErrorIsInvalid) {
  const std::string text = "The action did not produce a valid JSON or JSON Array response: ";
  expect(answer(500, "{}"), StatusCode::kDeveloperError, R"({"error":")" + text + R"({}"})", 2);
  expect(answer(404, "[1]"), StatusCode::kDeveloperError, R"({"error":")" + text + R"([1]"})", 3);
  expect(answer(201, R"({"a":1})"), StatusCode::kDeveloperError,
         R"({"error":")" + text + R"({\"a\":1}"})", 7);
}

TEST(RunOutcome, OtherJsonOrNoneIsInvalid) {
  const std::string text = "The action did not produce a valid JSON or JSON Array response";
  for (const char* body : {"7", "true", "null", "nope", "{", "[1"}) {
    for (const int status : {200, 500}) {
      expect(answer(status, body), StatusCode::kDeveloperError,
             R"({"error":")" + text + ": " + body + R"("})",
             static_cast<std::int64_t>(std::string(body).size()));
    }
  }
  expect(answer(200, R"("s")"), StatusCode::kDeveloperError,
         R"({"error":")" + text + R"(: \"s\""})", 3);
  expect(answer(200, ""), StatusCode::kDeveloperError, R"({"error":")" + text + R"(."})", 0);
  expect(answer(500, ""), StatusCode::kDeveloperError, R"({"error":")" + text + R"(."})", 0);
}

TEST(RunOutcome, TooLongIsTheApplicationsErrorWithTheAnnouncedSize) {
  CallOutcome outcome = answer(200, R"({"x":")");
  outcome.truncated = true;
  outcome.content_length = 1'200'009;
  expect(outcome, StatusCode::kApplicationError,
         R"({"error":"The action produced a response that exceeded the allowed length: )"
         R"(1200009 > 100 bytes. The truncated response was: {\"x\":\""})",
         1'200'009);
  outcome.status = 502;
  EXPECT_EQ(run_response(outcome, kFacts).code, StatusCode::kApplicationError);
}

TEST(RunOutcome, UsedUpTimeWinsOverAnyAnswer) {
  const std::string result =
      R"({"error":"The action exceeded its time limits of 1000 milliseconds."})";
  CallOutcome late = answer(200, "{}");
  late.elapsed = milliseconds(1000);
  expect(late, StatusCode::kDeveloperError, result, std::nullopt);
  late.truncated = true;
  expect(late, StatusCode::kDeveloperError, result, std::nullopt);
  expect(broken(CallError::kTimeout), StatusCode::kDeveloperError, result, std::nullopt);
  late.elapsed = milliseconds(1000) - std::chrono::microseconds(1);
  late.truncated = false;
  expect(late, StatusCode::kSuccess, "{}", 2);
}

TEST(RunOutcome, ABrokenCallIsTheDevelopersError) {
  const std::string exited =
      R"({"error":"The action did not produce a valid response and exited unexpectedly."})";
  for (const CallError error :
       {CallError::kConnectionLost, CallError::kConnectionRefused, CallError::kNoResponse})
    expect(broken(error), StatusCode::kDeveloperError, exited, std::nullopt);
}

TEST(RunOutcome, WantOfMemoryIsToldUnlessTheRuntimeAnswered) {
  CallFacts facts = kFacts;
  facts.memory_exhausted = true;
  const std::string memory = R"({"error":"The action exhausted its memory and was aborted."})";
  expect(broken(CallError::kConnectionLost), StatusCode::kDeveloperError, memory, std::nullopt,
         facts);
  expect(broken(CallError::kConnectionRefused), StatusCode::kDeveloperError, memory, std::nullopt,
         facts);
  expect(broken(CallError::kNoResponse), StatusCode::kDeveloperError,
         R"({"error":"The action did not produce a valid response and exited unexpectedly."})",
         std::nullopt, facts);
  expect(answer(200, "{}"), StatusCode::kSuccess, "{}", 2, facts);
}

TEST(RunOutcome, SizeCountsUtf16Units) {
  expect(answer(200, "{\"a\":\"h\xC3\xA9\xF0\x9F\x98\x80\"}"), StatusCode::kSuccess,
         "{\"a\":\"h\xC3\xA9\xF0\x9F\x98\x80\"}", 12);
}

TEST(RunOutcome, BytesThatAreNoTextBecomeReplacementCharacters) {
  expect(answer(500, "a\xFF"), StatusCode::kDeveloperError,
         "{\"error\":\"The action did not produce a valid JSON or JSON Array response: "
         "a\xEF\xBF\xBD\"}",
         2);
}

TEST(RunOutcome, Status503GivesTheJobBack) {
  EXPECT_TRUE(gives_job_back(answer(503, ""), false));
  EXPECT_TRUE(gives_job_back(answer(503, R"({"error":"x"})"), true));
  EXPECT_FALSE(gives_job_back(answer(502, ""), true));
  CallOutcome unanswered = broken(CallError::kNoResponse);
  unanswered.status = 503;
  EXPECT_FALSE(gives_job_back(unanswered, true));
}

TEST(RunOutcome, ARefusedConnectionGivesTheJobBackOnlyWhereItMay) {
  EXPECT_TRUE(gives_job_back(broken(CallError::kConnectionRefused), true));
  EXPECT_FALSE(gives_job_back(broken(CallError::kConnectionRefused), false));
  EXPECT_FALSE(gives_job_back(broken(CallError::kConnectionLost), true));
  EXPECT_FALSE(gives_job_back(broken(CallError::kTimeout), true));
}

TEST(RunOutcome, AJobThatCannotGoElsewhereFailsAsUsual) {
  expect(answer(503, R"({"error":"closing"})"), StatusCode::kDeveloperError,
         R"({"error":"closing"})", 19);
}

}  // namespace
}  // namespace invoker
