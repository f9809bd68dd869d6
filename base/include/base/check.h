// A broken invariant is a bug: it stops the process, in every build.
#pragma once

namespace base {

// Prints `condition` with its place to standard error and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace base

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::base::check_failed(#condition, __FILE__, __LINE__))
