// What every device must do, whoever plays it: run over all of them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gpu_device/device.h"

namespace gpu_device {

struct Candidate {
  std::string name;
  // A device, or null with the reason why this machine has none.
  std::function<std::unique_ptr<Device>(std::string& reason)> make;
};

// The devices that there may be.
std::vector<Candidate> candidates();

}  // namespace gpu_device
