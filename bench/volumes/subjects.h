// Which file systems there are, and how each is brought up.
#pragma once

#include "services.h"
#include "world.h"

namespace volumes_bench {

// Starts them all; those that do not start are named with the reason.
void start_subjects(World& world, Services& services, bool with_peers);

}  // namespace volumes_bench
