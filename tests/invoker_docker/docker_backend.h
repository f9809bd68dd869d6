// A Docker factory for tests: a real daemon, images of our own, and why there may be none.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "invoker_docker/docker_factory.h"
#include "testing/services.h"

namespace invoker_docker {

inline const base::Clock& test_clock() {
  static const base::SystemClock clock;
  return clock;
}

class SilentSink final : public base::LogSink {
 public:
  void write(std::string_view) override {}
};

inline base::Logger test_log() {
  static SilentSink sink;
  return base::Logger(sink, test_clock());
}

// Runs a command against the service's daemon; its output is in the test's only when it fails.
inline bool docker(const std::string& command) {
  const std::string line = "DOCKER_HOST=unix://" + testing_services::address_of("docker") +
                           " DOCKER=/usr/bin/docker LARDER_PROXY=" LARDER_PROXY
                           " PATH=/usr/bin:/bin:" +
                           std::getenv("PATH") + " " + command + " >/tmp/larder-docker-" +
                           std::to_string(getpid()) + ".log 2>&1";
  const bool done =
      std::system(line.c_str()) == 0;  // NOLINT(concurrency-mt-unsafe): no threads yet
  const std::string log = "/tmp/larder-docker-" + std::to_string(getpid()) + ".log";
  if (!done)
    static_cast<void>(std::system(("cat " + log).c_str()));  // NOLINT(concurrency-mt-unsafe)
  std::error_code ignored;
  std::filesystem::remove(log, ignored);
  return done;
}

// Its tag changes with what goes into the image.
inline invoker::ImageName image_of(const std::string& runtime) {
  const auto newest = [](const char* path) {
    return std::filesystem::last_write_time(path).time_since_epoch().count();
  };
  const auto stamp = newest(LARDER_PROXY) ^ newest(LARDER_TREE "/invoker/container/runtimes");
  return {"", "larder-test", runtime,
          std::to_string(static_cast<std::uint64_t>(stamp) % 1'000'000'007)};
}

// Builds the image where it is missing; the test programs run beside each other.
inline bool ensure_image(const std::string& runtime, const std::string& script) {
  const base::UniqueFd lock(open((testing_services::address_of("docker") + ".lock").c_str(),
                                 O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (flock(lock.get(), LOCK_EX) != 0) return false;
  const std::string tag = image_of(runtime).text();
  return docker("sh -c '/usr/bin/docker image inspect " + tag + " >/dev/null 2>&1 || " + script +
                "'");
}

inline bool ensure_runtime(const std::string& runtime) {
  return ensure_image(runtime, LARDER_TREE "/docker/runtimes/build.sh " + runtime + " " +
                                   image_of(runtime).text() + " larder-base");
}

inline DockerConfig test_config() {
  static int counter = 0;
  DockerConfig config;
  config.socket = testing_services::address_of("docker");
  config.name_prefix = "wsk" + std::to_string(getpid()) + "." + std::to_string(++counter) + "_";
  config.images = {{"blackbox", image_of("native")},
                   {"python:3", image_of("python")},
                   {"nodejs:20", image_of("nodejs")}};
  return config;
}

inline std::string missing_daemon() {
  if (testing_services::address_of("docker").empty())
    return "no docker: " + testing_services::reason_without("docker");
  return ensure_runtime("native") ? "" : "the image of the native runtime could not be built";
}

inline std::unique_ptr<DockerFactory> make_factory(const DockerConfig& config) {
  auto factory = DockerFactory::create(config, test_clock(), test_log());
  if (!factory.ok()) std::cerr << factory.error().message << "\n";
  return factory.ok() ? std::move(*factory) : nullptr;
}

}  // namespace invoker_docker
