// Which idle containers give their memory up.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "container_book.h"

namespace invoker {

enum class Victims { kAnyIdle, kOnlyStale };

// Idle containers that together hold `missing_bytes` (all of them where they hold less), and none
// that the others make superfluous. First those of keys that have been called once, as far as is
// remembered, the oldest first; then those whose next call is farthest from now, if their keys are
// called as usual: it is not soon, or it should have come long ago. Stem cells are the last.
//
// Of the stale ones the oldest goes first.
std::vector<PooledContainer*> choose_victims(const ContainerBook& book, Victims from,
                                             std::int64_t missing_bytes, base::Instant now);

}  // namespace invoker
