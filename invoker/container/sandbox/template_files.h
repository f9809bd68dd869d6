// The files of the shared layers that are made rather than taken from the host.
#pragma once

#include "base/result.h"
#include "orders.h"

namespace sandbox {

// Below `root`, an empty file system: etc, dev, larder (proxy and launchers), empty, nothing.
base::Status write_template_files(int root, const invoker_container::WardenSetup& setup);

}  // namespace sandbox
