// Which idle containers give their memory up.
#pragma once

#include <cstdint>
#include <vector>

#include "container_book.h"

namespace invoker {

enum class Victims { kAnyIdle, kOnlyStale };

// Idle containers that together hold `missing_bytes` (all of them where they hold less): the oldest
// first, warm and paused ones before stem cells, and none that the others make superfluous.
std::vector<PooledContainer*> choose_victims(const ContainerBook& book, Victims from,
                                             std::int64_t missing_bytes);

}  // namespace invoker
