// Functions that exist twice: with the legacy default stream and, under a suffix, with the calling
// thread's own.
#pragma once

// `call` is an expression that uses the parameters and `per_thread`.
#define STREAMED(name, suffix, parameters, call) \
  EXPORT CUresult name parameters {              \
    constexpr bool per_thread = false;           \
    return call;                                 \
  }                                              \
  EXPORT CUresult name##suffix parameters {      \
    constexpr bool per_thread = true;            \
    return call;                                 \
  }
