// Every row of the table that turns the answer of /init into a response.
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
  return outcome;
}

CallOutcome broken(CallError error) {
  CallOutcome outcome;
  outcome.error = error;
  return outcome;
}

// All failures of /init are the developer's.
void expect_failure(const CallOutcome& outcome, const std::string& result,
                    std::optional<std::int64_t> size, const CallFacts& facts = kFacts) {
  const auto response = init_failure(outcome, facts);
  ASSERT_TRUE(response) << result;
  EXPECT_EQ(response->code, StatusCode::kDeveloperError);
  EXPECT_EQ(response->result->to_string(), result);
  EXPECT_EQ(response->size, size) << result;
}

TEST(InitOutcome, Status200InitializesWhateverTheBodySays) {
  for (const char* body : {"", "OK", R"({"ok":true})", R"({"error":"x"})"})
    EXPECT_FALSE(init_failure(answer(200, body), kFacts)) << body;
}

TEST(InitOutcome, Status200InitializesEvenWhenItCameLate) {
  CallOutcome late = answer(200, "");
  late.elapsed = milliseconds(2000);
  EXPECT_FALSE(init_failure(late, kFacts));
}

TEST(InitOutcome, UsedUpTimeWinsOverAnyOtherAnswer) {
  const std::string result =
      R"({"error":"The action exceeded its time limits of 1000 milliseconds during initialization."})";
  CallOutcome late = answer(502, R"({"error":"x"})");
  late.elapsed = milliseconds(1000);
  expect_failure(late, result, std::nullopt);
  late.truncated = true;
  expect_failure(late, result, std::nullopt);
  expect_failure(broken(CallError::kTimeout), result, std::nullopt);
}

TEST(InitOutcome, TooLongIsTheDevelopersErrorEvenWithStatus200) {
  CallOutcome outcome = answer(200, "abc");
  outcome.truncated = true;
  outcome.content_length = 101;
  expect_failure(outcome,
                 R"({"error":"The action produced a response that exceeded the allowed length: )"
                 R"(101 > 100 bytes. The truncated response was: abc"})",
                 101);
}

TEST(InitOutcome, TheErrorOfTheBodyIsPassedOn) {
  expect_failure(answer(502, R"({"error":"no binary","a":1})"), R"({"error":"no binary"})", 27);
  expect_failure(answer(403, R"({"error":[1]})"), R"({"error":[1]})", 13);
}

TEST(InitOutcome, AnyOtherBodyIsQuoted) {
  for (const char* body : {"plain", "{}", "[1]", "7"}) {
    expect_failure(
        answer(500, body),
        R"({"error":"The action failed during initialization: )" + std::string(body) + R"("})",
        static_cast<std::int64_t>(std::string(body).size()));
  }
  expect_failure(answer(500, ""), R"({"error":"The action failed during initialization."})", 0);
}

TEST(InitOutcome, ABrokenCallMeansThatTheActionExited) {
  const std::string exited =
      R"({"error":"The action did not initialize and exited unexpectedly."})";
  for (const CallError error :
       {CallError::kConnectionLost, CallError::kConnectionRefused, CallError::kNoResponse})
    expect_failure(broken(error), exited, std::nullopt);
}

TEST(InitOutcome, WantOfMemoryIsToldUnlessTheRuntimeAnswered) {
  CallFacts facts = kFacts;
  facts.memory_exhausted = true;
  expect_failure(broken(CallError::kConnectionLost),
                 R"({"error":"The action exhausted its memory and was aborted."})", std::nullopt,
                 facts);
  expect_failure(broken(CallError::kNoResponse),
                 R"({"error":"The action did not initialize and exited unexpectedly."})",
                 std::nullopt, facts);
}

TEST(InitOutcome, Status503GivesTheJobBack) {
  EXPECT_TRUE(gives_job_back(answer(503, R"({"error":"x"})"), false));
}

}  // namespace
}  // namespace invoker
