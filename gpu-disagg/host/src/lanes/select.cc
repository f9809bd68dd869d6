#include "lanes/select.h"

namespace gpu_host {
namespace {

bool has_avx2() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
#else
  return false;
#endif
}

}  // namespace

Handler select_lanes(const OpKey& key) {
  static const bool avx2 = has_avx2();
  return avx2 ? lanes_avx2::select(key) : lanes_plain::select(key);
}

}  // namespace gpu_host
