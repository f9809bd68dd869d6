#include "served_process.h"

#include <cstdlib>

#include "testing_gpu_session/served.h"

namespace testing_gpu {
namespace {

// Lives as long as the process, as the guest does.
Served& served() {
  static Served& one = []() -> Served& {
    auto* made = new Served("tcp", {}, [] {
      return std::make_unique<gpu_null::NullDevice>(
          gpu_null::Options{.memory_bytes = kMemoryBytes});
    });
    ::setenv("LARDER_GPU_ENDPOINT", made->endpoint_text().c_str(), 1);
    CHECK(cuInit(0) == 0);
    return *made;
  }();
  return one;
}

}  // namespace

gpu_null::NullDevice& device() { return dynamic_cast<gpu_null::NullDevice&>(served().device()); }
gpu_session::Session& session() { return served().session(); }

}  // namespace testing_gpu
