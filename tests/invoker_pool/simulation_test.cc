// Random schedules with faults, from a seed that is printed. LARDER_SEED=n begins with that one,
// LARDER_SEEDS=n runs so many.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "pool_script.h"
#include "pool_world.h"

namespace pool_testing {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs in this program
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(PoolSimulation, KeepsItsPromisesUnderRandomSchedulesAndFaults) {
  const std::uint64_t first = from_environment("LARDER_SEED", std::random_device{}());
  const std::uint64_t count = from_environment("LARDER_SEEDS", 200);
  std::printf("seeds %lu to %lu\n", first, first + count - 1);
  std::uint64_t events = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    PoolWorld world(random_world(seed));
    ASSERT_EQ(world.run(), "") << "LARDER_SEED=" << seed;
    events += world.events();
  }
  std::printf("%lu events\n", events);
}

// One key is called without a pause and would keep every container for ever.
TEST(PoolSimulation, ALargeHeadIsServedBesideAnEndlessHotStream) {
  WorldConfig config;
  config.seed = from_environment("LARDER_SEED", 1);
  config.pool.memory_bytes = 1024 * kMegabyte;
  config.pool.head_patience = std::chrono::milliseconds(100);
  config.jobs = 10'000;
  config.between_jobs = std::chrono::microseconds(1'500);  // all four containers are busy
  config.run_max = std::chrono::microseconds(40'000);
  config.actions.assign(40, {.warm_key = "hot", .kind = "python", .memory_bytes = 256 * kMegabyte});
  config.actions.back() = {.warm_key = "large", .kind = "node", .memory_bytes = 1024 * kMegabyte};
  for (const int concurrency : {1, 10}) {
    for (auto& action : config.actions) action.concurrency_max = concurrency;
    PoolWorld world(config);
    ASSERT_EQ(world.run(), "") << "concurrency " << concurrency;
    std::printf(
        "longest wait at the head: %ld us\n",
        std::chrono::duration_cast<std::chrono::microseconds>(world.watch().longest_as_head())
            .count());
    EXPECT_EQ(world.watch().jobs_ended(), 10'000u);
  }
}

}  // namespace
}  // namespace pool_testing
