#include "locality_simulation/simulation.h"

#include "fleet.h"

namespace locality_simulation {

Report simulate(const Config& config) { return Fleet(config).run(); }

}  // namespace locality_simulation
