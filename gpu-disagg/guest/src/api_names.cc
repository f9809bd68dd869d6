// Looking functions up by name, and naming errors.
#include <algorithm>
#include <span>
#include <string_view>

#include "guest.h"
#include "names.h"

namespace gpu_guest {
namespace {

enum Status : int { kFound = 0, kNoSuchSymbol = 1, kVersionTooOld = 2 };
constexpr std::uint64_t kPerThreadStream = 2;

// The newest of that name which is not newer than what the caller was built for.
CUresult look_up(const char* name, void** function, int version, std::uint64_t flags, int* status) {
  if (name == nullptr || function == nullptr) return kInvalidValue;
  if (flags > kPerThreadStream) return kInvalidValue;
  *function = nullptr;
  const std::string_view wanted(name);
  const auto [first, last] = std::ranges::equal_range(functions(), wanted, {}, &Function::name);
  int told = first == last ? kNoSuchSymbol : kVersionTooOld;
  int best = -1;
  for (auto each = first; each != last; ++each) {
    if (each->version > version || (each->per_thread && flags != kPerThreadStream)) continue;
    // A per-thread variant is as new as its plain one, whatever its own number says.
    const int rank = each->rank * 2 + (each->per_thread ? 1 : 0);
    if (rank <= best) continue;
    best = rank;
    *function = each->address;
    told = kFound;
  }
  if (status != nullptr) *status = told;
  return told == kFound ? kSuccess : kNotFound;
}

const ErrorText* find(CUresult error) {
  const auto found = std::ranges::lower_bound(error_texts(), error, {}, &ErrorText::code);
  return found != error_texts().end() && found->code == error ? &*found : nullptr;
}

}  // namespace

EXPORT CUresult cuGetProcAddress(const char* name, void** function, int version,
                                 std::uint64_t flags) {
  return look_up(name, function, version, flags, nullptr);
}
EXPORT CUresult cuGetProcAddress_v2(const char* name, void** function, int version,
                                    std::uint64_t flags, int* status) {
  return look_up(name, function, version, flags, status);
}

EXPORT CUresult cuGetErrorName(CUresult error, const char** text) {
  if (text == nullptr) return kInvalidValue;
  const ErrorText* found = find(error);
  *text = found == nullptr ? nullptr : found->name;
  return found == nullptr ? kInvalidValue : kSuccess;
}
EXPORT CUresult cuGetErrorString(CUresult error, const char** text) {
  if (text == nullptr) return kInvalidValue;
  const ErrorText* found = find(error);
  *text = found == nullptr ? nullptr : found->sentence;
  return found == nullptr ? kInvalidValue : kSuccess;
}

}  // namespace gpu_guest
