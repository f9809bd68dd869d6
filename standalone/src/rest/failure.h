// Why a request is refused, and a value that may be missing for such a reason.
#pragma once

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/check.h"

namespace standalone {

struct Failure {
  // OpenWhisk allows cross-origin use of what its handlers say, but not of what its request parsing
  // says.
  enum class From { kHandler, kParsing };

  int status = 500;
  std::string text;
  From from = From::kHandler;
  std::string allow;  // 405 only: the methods that there are
};

template <typename T>
class [[nodiscard]] Answer {
 public:
  template <typename U>
    requires(std::convertible_to<U, T> && !std::same_as<std::remove_cvref_t<U>, Failure>)
  Answer(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  Answer(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}

  bool ok() const { return state_.index() == 0; }
  T& value() {
    CHECK(ok());
    return std::get<0>(state_);
  }
  Failure& failure() {
    CHECK(!ok());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Failure> state_;
};

// "The request content was malformed", and how.
inline Failure malformed_content(const std::string& detail) {
  return {400, "The request content was malformed:\n" + detail, Failure::From::kParsing, {}};
}

inline Failure malformed_query(const std::string& name, const std::string& detail) {
  return {400,
          "The query parameter '" + name + "' was malformed:\n" + detail,
          Failure::From::kParsing,
          {}};
}

}  // namespace standalone

#define ASK_JOIN_(a, b) a##b
#define ASK_JOIN(a, b) ASK_JOIN_(a, b)

// ASK(const auto name, parse(text)): declares `name`, or returns the failure to the caller.
#define ASK(declaration, expression) ASK_(ASK_JOIN(ask_result_, __LINE__), declaration, expression)
#define ASK_(result, declaration, expression)           \
  auto result = (expression);                           \
  if (!result.ok()) return std::move(result.failure()); \
  declaration = std::move(result.value())

// REFUSE_IF(check(value)): returns the failure to the caller where there is one.
#define REFUSE_IF(expression)                                         \
  if (auto found_failure = (expression); found_failure.has_value()) { \
    Failure refusal = std::move(*found_failure);                      \
    return refusal;                                                   \
  }
