// What arbitrary answers of a runtime come to: always a response that can be written and read.
#include <algorithm>
#include <string>

#include "base/check.h"
#include "base/utf8.h"
#include "invoker/runtime_protocol.h"

namespace {

// The first bytes choose everything but the body.
invoker::CallOutcome outcome_from(const std::uint8_t* data, std::size_t size) {
  constexpr int kStatuses[] = {200, 502, 503, 0};
  invoker::CallOutcome outcome;
  outcome.error = static_cast<invoker::CallError>(data[0] % 5);
  outcome.status = kStatuses[data[1] % 4];
  outcome.truncated = data[1] >= 128;
  outcome.elapsed = std::chrono::milliseconds(data[2]);
  outcome.body.assign(reinterpret_cast<const char*>(data) + 3, size - 3);
  outcome.content_length = static_cast<std::int64_t>(size - 3);
  return outcome;
}

void check(const invoker::Response& response) {
  CHECK(response.result.has_value());
  const std::string text = response.result->to_string();
  CHECK(base::is_utf8(text));
  CHECK(base::Json::parse(text).ok());
  if (response.code == invoker::StatusCode::kSuccess) {
    CHECK(response.result->find("error") == nullptr);
  } else {
    CHECK(response.result->find("error") != nullptr);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const invoker::CallOutcome outcome = outcome_from(data, size);
  const invoker::CallFacts facts{std::chrono::milliseconds(200), 100, size % 2 == 0};
  check(invoker::run_response(outcome, facts));
  if (const auto failure = invoker::init_failure(outcome, facts)) check(*failure);
  return 0;
}
