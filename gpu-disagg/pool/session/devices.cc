#include "devices.h"

#include <memory>
#include <string>

#include "gpu_host/host_device.h"
#include "gpu_null/null_device.h"

namespace gpu_session_program {

base::Result<MakeDevice> device_maker(std::string_view name) {
  if (name == "host") return MakeDevice([] { return gpu_host::make_host_device({}); });
  if (name == "null") return MakeDevice([] { return std::make_unique<gpu_null::NullDevice>(); });
  return base::Error{base::ErrorCode::kInvalidArgument,
                     "there is no device \"" + std::string(name) + "\"; there are host and null"};
}

}  // namespace gpu_session_program
