// A value or the reason why there is none.
//
// Ignoring a Result or a Status is a compiler warning. The message is for a person: what was tried,
// on what, and what came back. Not thread-safe, as any value.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace base {

enum class ErrorCode {
  kInvalidArgument,   // the caller's input is at fault; trying again cannot help
  kNotFound,          // the name is unknown
  kAlreadyExists,     // the name is taken
  kConflict,          // somebody else changed it first
  kPermissionDenied,  // it exists, and this caller may not
  kNoSpace,           // a quota, a pool or a disk is full
  kDeadlineExceeded,  // the time given ran out
  kUnavailable,       // trying again may help
  kUnsupported,       // understood, and not built or not possible here
  kDataLoss,          // stored bytes are not what was written
  kInternal,          // a bug or a broken promise of something we use
};

// The constant's name in words, such as "not found".
std::string_view name_of(ErrorCode code);

struct [[nodiscard]] Error {
  ErrorCode code;
  std::string message;
};

// "what: strerror(errno_value)", with the code that fits the errno.
Error error_from_errno(int errno_value, std::string_view what);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    CHECK(ok());
    return std::get<0>(state_);
  }
  const T& value() const& {
    CHECK(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    CHECK(ok());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    CHECK(!ok());
    return std::get<1>(state_);
  }
  Error&& error() && {
    CHECK(!ok());
    return std::get<1>(std::move(state_));
  }

 private:
  std::variant<T, Error> state_;
};

// Success, or the reason why not.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }

  const Error& error() const& {
    CHECK(!ok());
    return *error_;
  }
  Error&& error() && {
    CHECK(!ok());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace base

#define BASE_JOIN_(a, b) a##b
#define BASE_JOIN(a, b) BASE_JOIN_(a, b)

// TRY(const auto file, open(path)): declares `file`, or returns the error to the caller.
#define TRY(declaration, expression) TRY_(BASE_JOIN(try_result_, __LINE__), declaration, expression)
#define TRY_(result, declaration, expression)         \
  auto result = (expression);                         \
  if (!result.ok()) return std::move(result).error(); \
  declaration = std::move(result).value()

// TRY_STATUS(write(path)): goes on when it succeeded, or returns the error to the caller.
#define TRY_STATUS(expression) \
  if (auto try_status = (expression); !try_status.ok()) return std::move(try_status).error()
