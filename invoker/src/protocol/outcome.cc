// What the answers of a runtime mean.
#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "invoker/runtime_protocol.h"

namespace invoker {
namespace {

using base::Json;

constexpr int kStatusOk = 200;
constexpr int kStatusShuttingDown = 503;

constexpr std::string_view kOutOfMemory = "The action exhausted its memory and was aborted.";
constexpr std::string_view kInitExited = "The action did not initialize and exited unexpectedly.";
constexpr std::string_view kRunExited =
    "The action did not produce a valid response and exited unexpectedly.";
constexpr std::string_view kInitFailed = "The action failed during initialization";
constexpr std::string_view kRunInvalid =
    "The action did not produce a valid JSON or JSON Array response";

// "sentence: body", or "sentence." where there is no body.
std::string with_body(std::string_view sentence, const std::string& body) {
  std::string text(sentence);
  if (body.empty()) return text += '.';
  return text.append(": ").append(body);
}

std::string time_limit(const CallFacts& facts, std::string_view when) {
  return "The action exceeded its time limits of " + std::to_string(facts.timeout.count()) +
         " milliseconds" + std::string(when) + ".";
}

std::int64_t size_of(const std::string& text) {
  return static_cast<std::int64_t>(base::utf16_length(text));
}

// The answer as a text, which it need not have been.
std::string text_of(const CallOutcome& outcome) {
  return base::is_utf8(outcome.body) ? outcome.body : base::to_utf8(outcome.body);
}

Response sized(StatusCode code, Json result, std::int64_t size) {
  return {code, std::move(result), size};
}

Response sized_error(StatusCode code, Json message, std::int64_t size) {
  return sized(code, Json::object({{"error", std::move(message)}}), size);
}

Response too_long(StatusCode code, const CallOutcome& outcome, const CallFacts& facts) {
  std::string text = "The action produced a response that exceeded the allowed length: " +
                     std::to_string(outcome.content_length) + " > " +
                     std::to_string(facts.max_bytes) + " bytes. The truncated response was: ";
  text += text_of(outcome);
  return sized_error(code, std::move(text), outcome.content_length);
}

// No answer. A runtime that answered without a length was alive, whatever the kernel has killed.
Response broken(const CallOutcome& outcome, const CallFacts& facts, std::string_view otherwise) {
  const bool memory = facts.memory_exhausted && outcome.error != CallError::kNoResponse;
  return Response::error(StatusCode::kDeveloperError, memory ? kOutOfMemory : otherwise);
}

Response of_init_body(const std::string& text) {
  auto json = Json::parse(text);
  Json* const error = json ? json->find("error") : nullptr;
  Json message = error != nullptr ? std::move(*error) : Json(with_body(kInitFailed, text));
  return sized_error(StatusCode::kDeveloperError, std::move(message), size_of(text));
}

Response of_run_body(const std::string& text, bool ok) {
  auto json = Json::parse(text);
  if (Json* const error = json ? json->find("error") : nullptr) {
    const auto code = ok ? StatusCode::kApplicationError : StatusCode::kDeveloperError;
    return sized_error(code, std::move(*error), size_of(text));
  }
  if (ok && json && (json->is_object() || json->is_array()))
    return sized(StatusCode::kSuccess, std::move(*json), size_of(text));
  return sized_error(StatusCode::kDeveloperError, with_body(kRunInvalid, text), size_of(text));
}

}  // namespace

bool gives_job_back(const CallOutcome& outcome, bool may_reschedule) {
  if (outcome.error == CallError::kNone) return outcome.status == kStatusShuttingDown;
  return may_reschedule && outcome.error == CallError::kConnectionRefused;
}

bool timed_out(const CallOutcome& outcome, const CallFacts& facts) {
  return outcome.error == CallError::kTimeout || outcome.elapsed >= facts.timeout;
}

std::optional<Response> init_failure(const CallOutcome& outcome, const CallFacts& facts) {
  const bool answered = outcome.error == CallError::kNone;
  if (answered && outcome.status == kStatusOk && !outcome.truncated) return std::nullopt;
  if (timed_out(outcome, facts)) {
    return Response::error(StatusCode::kDeveloperError,
                           time_limit(facts, " during initialization"));
  }
  if (!answered) return broken(outcome, facts, kInitExited);
  if (outcome.truncated) return too_long(StatusCode::kDeveloperError, outcome, facts);
  return of_init_body(text_of(outcome));
}

Response run_response(const CallOutcome& outcome, const CallFacts& facts) {
  if (timed_out(outcome, facts))
    return Response::error(StatusCode::kDeveloperError, time_limit(facts, ""));
  if (outcome.error != CallError::kNone) return broken(outcome, facts, kRunExited);
  if (outcome.truncated) return too_long(StatusCode::kApplicationError, outcome, facts);
  return of_run_body(text_of(outcome), outcome.status == kStatusOk);
}

}  // namespace invoker
