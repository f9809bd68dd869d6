// A value or the reason why there is none.
#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::Status;

Result<int> half(int number) {
  if (number % 2 != 0)
    return Error{ErrorCode::kInvalidArgument, std::to_string(number) + " is odd"};
  return number / 2;
}

Result<int> quarter(int number) {
  TRY(const int halved, half(number));
  TRY(const int again, half(halved));
  return again;
}

Status check_even(int number) {
  TRY_STATUS(half(number));
  return {};
}

TEST(Result, HoldsAValue) {
  const auto result = half(4);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(static_cast<bool>(result));
  EXPECT_EQ(*result, 2);
}

TEST(Result, HoldsAReason) {
  const auto result = half(3);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(result.error().message, "3 is odd");
}

TEST(Result, TryPassesTheFirstErrorOn) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().message, "3 is odd");
  EXPECT_TRUE(check_even(2).ok());
  EXPECT_EQ(check_even(5).error().message, "5 is odd");
}

TEST(Result, CanHoldWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

TEST(ResultDeathTest, TheValueOfAFailureIsABug) {
  const auto failed = half(1);
  EXPECT_DEATH(static_cast<void>(failed.value()), "broken invariant: ok\\(\\)");
  const auto good = half(2);
  EXPECT_DEATH(static_cast<void>(good.error()), "broken invariant: !ok\\(\\)");
  const Status success;
  EXPECT_DEATH(static_cast<void>(success.error()), "broken invariant: !ok\\(\\)");
}

TEST(Error, OfAnErrnoSaysWhatWasTriedAndWhatCameBack) {
  const struct {
    int value;
    ErrorCode code;
  } cases[] = {{EINVAL, ErrorCode::kInvalidArgument},
               {ENOENT, ErrorCode::kNotFound},
               {EEXIST, ErrorCode::kAlreadyExists},
               {EACCES, ErrorCode::kPermissionDenied},
               {ENOSPC, ErrorCode::kNoSpace},
               {EDQUOT, ErrorCode::kNoSpace},
               {ETIMEDOUT, ErrorCode::kDeadlineExceeded},
               {EAGAIN, ErrorCode::kUnavailable},
               {ENOSYS, ErrorCode::kUnsupported},
               {EIO, ErrorCode::kInternal}};
  for (const auto& [value, code] : cases) {
    EXPECT_EQ(base::error_from_errno(value, "x").code, code) << value;
  }
  EXPECT_EQ(base::error_from_errno(ENOENT, "open /a").message,
            "open /a: No such file or directory");
}

TEST(ErrorCode, EveryOneHasAName) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    EXPECT_NE(base::name_of(static_cast<ErrorCode>(code)), "unknown");
  }
}

}  // namespace
