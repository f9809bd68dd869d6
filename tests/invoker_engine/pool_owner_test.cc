#include "engine/pool_owner.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace invoker {
namespace {

using std::chrono::milliseconds;

JobDemand demand(std::uint64_t id) {
  JobDemand job;
  job.id = JobId{id};
  job.warm_key = job.kind = "k";
  job.memory_bytes = 1 << 20;
  return job;
}

// One job fills the pool and another waits, which is looked at again after half a second.
TEST(PoolOwner, WhatComesDueDuringALongTurnHoldsUpNobody) {
  PoolConfig config;
  config.memory_bytes = 1 << 20;
  config.head_patience = milliseconds(500);
  const base::SystemClock clock;
  PoolOwner owner(config, clock, [](Command&) {});
  owner.begin();
  for (const std::uint64_t id : {1, 2}) {
    owner.post(
        [id](ContainerPool& pool, base::Instant now) { return pool.submit(demand(id), now); });
  }
  std::promise<void> asked;
  std::jthread asker;
  owner.post([&](ContainerPool& pool, base::Instant) -> Commands {
    EXPECT_TRUE(pool.next_deadline().has_value()) << "it took longer than that until here";
    const base::Instant due = pool.next_deadline().value_or(clock.now()) + milliseconds(5);
    asker = std::jthread([&asked, &owner, &clock, due] {
      while (clock.now() < due) std::this_thread::yield();
      EXPECT_EQ(owner.stats().starting, 1U);
      asked.set_value();
    });
    EXPECT_EQ(asked.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
    return {};
  });
  EXPECT_EQ(owner.stats().waiting, 1U);
}

}  // namespace
}  // namespace invoker
