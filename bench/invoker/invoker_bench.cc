// What the invoker adds to an action: throughput against the raw proxy, overhead, cold starts,
// pausing, volumes. The floor is measured in the same run: the same proxies, called directly.
#include <cstdio>
#include <thread>

#include "invoker/runtime_protocol.h"
#include "load.h"

namespace bench {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kLoadTime = 3s;
constexpr int kInFlight = 8;
constexpr std::int64_t kActionBytes = 128 * kMiB;
constexpr int kManyActions = 100;

double ms_since(Clock::time_point begun) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
}

invoker::PoolConfig pool_for(int containers) {
  invoker::PoolConfig pool;
  pool.memory_bytes = containers * kActionBytes;
  return pool;
}

invoker::Action small(invoker::Action action) {
  action.limits.memory_bytes = kActionBytes;
  return action;
}

// Calls to /run of `threads` proxies, one thread each, without any invoker: per second.
double raw_ping_pong(World& world, int threads) {
  const invoker::Action action = noop("blackbox", "raw");
  std::atomic<std::uint64_t> calls = 0;
  std::vector<std::unique_ptr<invoker::Container>> containers;
  containers.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    containers.push_back(world.container("blackbox"));
    const auto init =
        containers.back()->post("/init", init_body(action), Clock::now() + 10s, {}, true);
    CHECK(init.status == 200);
  }
  const std::string body = invoker::run_body(message_for("raw"), action, 4'000'000'000'000);
  const auto begun = Clock::now();
  {
    std::vector<std::jthread> callers;
    for (auto& container : containers) {
      callers.emplace_back([&] {
        while (Clock::now() < begun + kLoadTime) {
          CHECK(container->post("/run", body, Clock::now() + 10s, {}, false).status == 200);
          ++calls;
        }
      });
    }
  }
  return 1000 * static_cast<double>(calls) / ms_since(begun);
}

void measure_throughput(World& world) {
  double raw = 0;
  for (const int threads : {1, 2, 4}) raw = std::max(raw, raw_ping_pong(world, threads));
  world.actions.put(small(noop("blackbox", "noop")));
  std::vector<std::string> many;
  for (int i = 0; i < kManyActions; ++i) {
    many.push_back("noop" + std::to_string(i));
    world.actions.put(small(noop("blackbox", many.back())));
  }
  // No room for more containers than there are activations at once: everything stays warm.
  auto invoker = world.invoker(pool_for(kInFlight));
  closed_load(world, *invoker, {"noop"}, kInFlight, 500ms);
  const double one = closed_load(world, *invoker, {"noop"}, kInFlight, kLoadTime).per_second;
  LoadResult half = open_load(world, *invoker, "noop", one / 2, kLoadTime);
  invoker->stop(Clock::now() + 10s);
  invoker = world.invoker(pool_for(kManyActions + kInFlight));
  for (const auto& name : many) run_once(world, *invoker, name);
  const double hundred = closed_load(world, *invoker, many, kInFlight, kLoadTime).per_second;
  std::printf("raw proxy calls %.0f /s, one action %.0f /s, %d actions %.0f /s\n", raw, one,
              kManyActions, hundred);
  print_result("no-op activations per second, native", one, Bound::kAtLeast, 5000, "/s");
  print_result("  against the raw proxy", one / raw, Bound::kAtLeast, 0.4, "");
  print_result("100 actions in turn, against one action", hundred / one, Bound::kAtLeast, 0.5, "");
  print_result("warm overhead at half load, p50", half.overhead_ms.percentile(0.5), Bound::kAtMost,
               0.5, "ms");
  print_result("warm overhead at half load, p99", half.overhead_ms.percentile(0.99), Bound::kAtMost,
               3, "ms");
  invoker->stop(Clock::now() + 10s);
}

// From submit() to the record of an activation that needs a container: the median of several.
double cold_start_ms(World& world, const std::string& kind, bool stem_cells) {
  invoker::PoolConfig pool;
  pool.memory_bytes = 4096 * kMiB;
  if (stem_cells) pool.stem_cells = {{kind, kActionBytes, 4}};
  const auto invoker = world.invoker(pool);
  Samples samples;
  for (int i = 0; i < 9; ++i) {
    const std::string name = "cold" + std::to_string(i);
    world.actions.put(small(noop(kind, name)));
    while (stem_cells && invoker->stats().pool.stem_cells < 4) std::this_thread::sleep_for(5ms);
    if (stem_cells) std::this_thread::sleep_for(100ms);  // the interpreters have warmed up
    const auto begun = Clock::now();
    run_once(world, *invoker, name);
    samples.add(ms_since(begun));
  }
  invoker->stop(Clock::now() + 10s);
  return samples.percentile(0.5);
}

void measure_cold_starts(World& world) {
  for (const auto& runtime : invoker_container::find_runtimes()) {
    const double wanted = runtime.kind.starts_with("python")   ? 90
                          : runtime.kind.starts_with("nodejs") ? 120
                                                               : 25;
    print_result("cold start to result, " + runtime.kind, cold_start_ms(world, runtime.kind, false),
                 Bound::kAtMost, wanted, "ms");
    if (runtime.kind == "blackbox") continue;
    print_result("  from a stem cell", cold_start_ms(world, runtime.kind, true), Bound::kAtMost, 10,
                 "ms");
  }
}

void measure_pause(World& world) {
  const auto container = world.container("blackbox");
  const auto init =
      container->post("/init", init_body(noop("blackbox", "p")), Clock::now() + 10s, {}, true);
  CHECK(init.status == 200);
  Samples samples;
  for (int i = 0; i < 200; ++i) {
    const auto begun = Clock::now();
    CHECK(container->pause().ok());
    CHECK(container->resume().ok());
    samples.add(ms_since(begun));
  }
  print_result("pause and resume, p50", samples.percentile(0.5), Bound::kAtMost, 1, "ms");
}

// The two phases of a warm activation that touch files, as the record has them.
void measure_volumes(World& world, const std::string& what, const char* annotation) {
  invoker::Action action = small(noop("blackbox", "files"));
  action.revision = what;
  action.annotations.append(*base::Json::parse(annotation));
  world.actions.put(action);
  const auto invoker = world.invoker(pool_for(2));
  run_once(world, *invoker, "files");
  Samples samples;
  for (int i = 0; i < 200; ++i) {
    const auto record = run_once(world, *invoker, "files");
    samples.add(timing_ms(record, "attachMs") + timing_ms(record, "detachMs"));
  }
  print_result("attach and detach on a warm call, " + what + ", p50", samples.percentile(0.5),
               Bound::kAtMost, 1, "ms");
  invoker->stop(Clock::now() + 10s);
}

void run() {
  World world;
  measure_throughput(world);
  measure_cold_starts(world);
  measure_pause(world);
  measure_volumes(world, "durable volume",
                  R"({"key":"volumes","value":{"name":"d","path":"/mnt/d"}})");
  measure_volumes(world, "ephemeral volume of the activation",
                  R"({"key":"volumes","value":{"name":"e","path":"/mnt/e","tier":"ephemeral"}})");
}

}  // namespace
}  // namespace bench

int main() { bench::run(); }
