// The tables that are made from symbols.txt and errors.txt.
#pragma once

#include <span>
#include <string_view>

#include "cuda.h"

namespace gpu_guest {

struct Function {
  std::string_view name;
  int version;  // of the driver in which this signature appeared
  int rank;     // of the signature among those of its name: 1 for the first
  bool per_thread;
  void* address;
};

struct ErrorText {
  CUresult code;
  const char* name;
  const char* sentence;
};

// Sorted by name.
std::span<const Function> functions();
// Sorted by code.
std::span<const ErrorText> error_texts();

}  // namespace gpu_guest
