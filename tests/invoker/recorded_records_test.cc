// The records of the real system, made again from their messages, times and answers.
#include <gtest/gtest.h>

#include "invoker/runtime_protocol.h"
#include "recorded.h"

namespace invoker {
namespace {

using base::Json;

TEST(RecordedRecords, AreMadeAgain) {
  const Json cases = recorded("records.json");
  ASSERT_GE(cases.items().size(), 40U);
  for (const Json& entry : cases.items()) {
    const Json& record = *entry.find("record");
    const Activation activation = made_again(record, message_of(*entry.find("message")));
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
