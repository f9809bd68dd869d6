// A sandbox factory for tests, and why there may be none.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "invoker_container/sandbox_factory.h"

namespace invoker_container {

inline const base::Clock& test_clock() {
  static const base::SystemClock clock;
  return clock;
}

inline SandboxConfig test_config() {
  static int counter = 0;
  SandboxConfig config;
  config.instance = "test" + std::to_string(getpid()) + "-" + std::to_string(++counter);
  config.state_directory = "/run/larder-" + config.instance;
  config.sandbox_program = LARDER_PROGRAMS "/larder-sandbox";
  config.proxy_program = LARDER_PROGRAMS "/larder-proxy";
  config.stem_library = LARDER_PROGRAMS "/larder-stem.so";
  config.stem_after = 0;
  static const std::vector<Runtime> runtimes = find_runtimes();
  config.runtimes = runtimes;
  return config;
}

inline bool has_kind(const std::string& prefix) {
  for (const Runtime& runtime : test_config().runtimes) {
    if (runtime.kind.starts_with(prefix)) return true;
  }
  return false;
}

// The contract suite's view of this implementation.
struct SandboxBackend {
  static std::string skip_reason() {
    if (geteuid() != 0) return "sandboxes are made by root";
    const auto factory = SandboxFactory::create(test_config(), test_clock());
    return factory.ok() ? "" : factory.error().message;
  }
  static std::unique_ptr<invoker::ContainerFactory> make_factory() {
    auto factory = SandboxFactory::create(test_config(), test_clock());
    return factory.ok() ? std::move(*factory) : nullptr;
  }
};

// The same without forks: each sandbox starts its own interpreter.
struct PlainSandboxBackend {
  static std::string skip_reason() { return SandboxBackend::skip_reason(); }
  static std::unique_ptr<invoker::ContainerFactory> make_factory() {
    SandboxConfig config = test_config();
    config.stem_library.clear();
    auto factory = SandboxFactory::create(config, test_clock());
    return factory.ok() ? std::move(*factory) : nullptr;
  }
};

}  // namespace invoker_container
