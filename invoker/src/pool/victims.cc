#include "victims.h"

#include <algorithm>

namespace invoker {

namespace {

// A small old container may have been chosen before a large one that alone would have done.
void spare_superfluous(std::vector<PooledContainer*>& victims, std::int64_t surplus_bytes) {
  for (std::size_t i = victims.size(); i-- > 0 && surplus_bytes > 0;) {
    if (victims[i]->memory_bytes > surplus_bytes) continue;
    surplus_bytes -= victims[i]->memory_bytes;
    victims.erase(victims.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

}  // namespace

std::vector<PooledContainer*> choose_victims(const ContainerBook& book, Victims from,
                                             std::int64_t missing_bytes) {
  std::vector<PooledContainer*> victims;
  for (const ContainersInOrder* order : {&book.idle_warm(), &book.idle_stem_cells()}) {
    for (auto at = order->begin(); at != order->end() && missing_bytes > 0; ++at) {
      const bool is_stem_cell = at->second->stem != nullptr;
      if (from == Victims::kOnlyStale && !is_stem_cell && !book.is_stale(*at->second)) break;
      victims.push_back(at->second);
      missing_bytes -= at->second->memory_bytes;
    }
  }
  spare_superfluous(victims, -missing_bytes);
  return victims;
}

}  // namespace invoker
