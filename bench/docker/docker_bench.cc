// What the invoker adds to Docker: a cold start beside a bare `docker run` of the same image in the
// same run, pausing, volumes beside those of a sandbox, and how soon the end of a container is
// noticed.
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "daemon.h"
#include "figures.h"
#include "invoker_container/sandbox_factory.h"
#include "invoker_docker/docker_factory.h"

namespace bench {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int kStarts = 15;
constexpr int kPauses = 50;
constexpr int kEnds = 10;
constexpr int kAttaches = 200;
constexpr const char* kInit =
    R"({"value":{"main":"main","code":"#!/bin/bash\nwhile read -r line; do [[ $line != *hang* ]] ||)"
    R"( sleep 1000; echo '{}' >&3; done\n"}})";

class NoSink final : public base::LogSink {
 public:
  void write(std::string_view) override {}
};

double ms_since(Clock::time_point begun) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
}

class Bench {
 public:
  explicit Bench(const Daemon& daemon) : daemon_(daemon) {}

  void cold_starts();
  void pauses(const char* how, bool use_freezer, bool promised);
  void ends();
  void volumes();

 private:
  void volume_in(const std::string& what, invoker::Container& container);
  std::unique_ptr<invoker_docker::DockerFactory> factory(bool use_freezer = true,
                                                         const char* user = "1000") const {
    invoker_docker::DockerConfig config;
    config.socket = daemon_.socket();
    config.name_prefix = "wskbench_";
    config.images = {{"blackbox", {"", "", kImage, ""}}};
    config.use_freezer = use_freezer;
    config.extra_arguments = {{"user", {user}}};
    auto made = invoker_docker::DockerFactory::create(config, clock_, {sink_, clock_});
    CHECK(made.ok());
    return std::move(*made);
  }
  // `image`: for a sandbox, any; Docker has one for the kind.
  std::unique_ptr<invoker::Container> container(invoker::ContainerFactory& factory,
                                                const char* image = "") {
    invoker::ContainerSpec spec;
    spec.name = "wskbench_" + std::to_string(++counter_) + "_guest_noop";
    spec.kind = "blackbox";
    spec.image = image;
    spec.memory_bytes = 128LL << 20;
    spec.cpu_shares = 128;
    auto made = factory.create(spec);
    if (!made.ok()) std::fprintf(stderr, "%s\n", made.error().message.c_str());
    CHECK(made.ok());
    const auto init = (*made)->post("/init", kInit, Clock::now() + 30s, {}, true);
    CHECK(init.status == 200);
    return std::move(*made);
  }

  const Daemon& daemon_;
  const base::SystemClock clock_;
  mutable NoSink sink_;
  int counter_ = 0;
};

// In turns, so that what else the machine does meets both.
void Bench::cold_starts() {
  const auto made = factory();
  Samples bare, cold;
  for (int i = 0; i < kStarts; ++i) {
    const std::string name = "bare" + std::to_string(i);
    const auto begun = Clock::now();
    CHECK(daemon_.docker("run -d --memory 128m --memory-swap 128m --cpu-shares 128 --name " + name +
                         " " + kImage));
    bare.add(ms_since(begun));
    CHECK(daemon_.docker("rm -f " + name));
    const auto again = Clock::now();
    const auto one = container(*made);
    CHECK(one->post("/run", R"({"value":{}})", Clock::now() + 30s, {}, false).status == 200);
    cold.add(ms_since(again));
    one->destroy();
  }
  std::printf("bare docker run -d: %.0f ms; cold start to the first result: %.0f ms (p50 of %d)\n",
              bare.percentile(0.5), cold.percentile(0.5), kStarts);
  print_result("Docker cold start to result / bare docker run",
               cold.percentile(0.5) / bare.percentile(0.5), Bound::kAtMost, 1.2, "x");
}

void Bench::pauses(const char* how, bool use_freezer, bool promised) {
  const auto made = factory(use_freezer);
  const auto one = container(*made);
  Samples both;
  for (int i = 0; i < kPauses; ++i) {
    const auto begun = Clock::now();
    CHECK(one->pause().ok() && one->resume().ok());
    both.add(ms_since(begun));
  }
  std::printf("pause + resume %s: %.2f ms p50, %.2f ms p99\n", how, both.percentile(0.5),
              both.percentile(0.99));
  if (promised)
    print_result(std::string("Docker pause + resume ") + how, both.percentile(0.5), Bound::kAtMost,
                 1, "ms");
}

// From the kill to what the engine needs for its acknowledgement: the call has ended, and whether
// memory was the reason is known.
void Bench::ends() {
  const auto made = factory();
  Samples noticed;
  for (int i = 0; i < kEnds; ++i) {
    const auto one = container(*made);
    Clock::time_point known;
    std::jthread caller([&] {
      const auto outcome =
          one->post("/run", R"({"value":{"a":"hang"}})", Clock::now() + 30s, {}, false);
      CHECK(outcome.error == invoker::CallError::kConnectionLost);
      CHECK(!one->memory_exhausted());
      known = Clock::now();
    });
    std::this_thread::sleep_for(100ms);  // the call is under way then
    const auto begun = Clock::now();
    one->kill();
    caller.join();
    noticed.add(std::chrono::duration<double, std::milli>(known - begun).count());
  }
  print_result("Docker container ends -> noticed (p50)", noticed.percentile(0.5), Bound::kAtMost,
               20, "ms");
  print_result("Docker container ends -> noticed (most)", noticed.percentile(1), Bound::kAtMost, 20,
               "ms");
}

// What the container does of it: what is mounted is a directory of this machine.
void Bench::volume_in(const std::string& what, invoker::Container& container) {
  std::string folder = "/var/tmp/larder-bench-XXXXXX";
  CHECK(::mkdtemp(folder.data()) != nullptr);
  Samples both;
  for (int i = 0; i < kAttaches; ++i) {
    base::UniqueFd tree(::open_tree(AT_FDCWD, folder.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
    const auto begun = Clock::now();
    const auto attached =
        container.attach({"/mnt/data", std::move(tree), false, invoker::FileOwners::kContainer});
    CHECK(attached.ok());
    const auto detached = container.detach("/mnt/data");
    both.add(ms_since(begun));
    CHECK(detached.ok() && *detached == invoker::DetachOutcome::kClean);
  }
  std::filesystem::remove(folder);
  print_result("attach + detach of a mount, " + what, both.percentile(0.5), Bound::kAtMost, 1,
               "ms");
}

void Bench::volumes() {
  for (const char* user : {"1000", "0"}) {
    const auto made = factory(true, user);
    volume_in(std::string("Docker container of user ") + user, *container(*made));
  }
  const auto programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const std::filesystem::path state = "/run/larder-bench-" + std::to_string(::getpid());
  invoker_container::SandboxConfig config;
  config.instance = "bench-" + std::to_string(::getpid());
  config.state_directory = state;
  config.sandbox_program = programs / "larder-sandbox";
  config.proxy_program = programs / "larder-proxy";
  config.runtimes = invoker_container::find_runtimes();
  const auto sandboxes = invoker_container::SandboxFactory::create(config, clock_);
  CHECK(sandboxes.ok());
  volume_in("sandbox", *container(**sandboxes, "openwhisk/dockerskeleton"));
  std::filesystem::remove_all(state);
}

}  // namespace
}  // namespace bench

int main() {
  const bench::Daemon daemon;
  if (!daemon.reason().empty()) {
    std::printf("not measured: %s\n", daemon.reason().c_str());
    return 0;
  }
  bench::Bench bench(daemon);
  bench.cold_starts();
  bench.pauses("by the freezer", true, true);
  bench.pauses("by the daemon", false, false);
  bench.volumes();
  bench.ends();
  return 0;
}
