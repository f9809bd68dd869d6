// Initialising and calling a container in few words.
#pragma once

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "invoker/container.h"

namespace invoker_container {

inline base::Instant in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}
inline constexpr std::chrono::seconds kLong{60};

inline std::string init_body(const std::string& code, bool binary = false,
                             const std::string& main = "main") {
  return base::Json::object(
             {{"value",
               base::Json::object({{"name", "test"},
                                   {"main", main},
                                   {"code", code},
                                   {"binary", binary},
                                   {"env", base::Json::object({{"GREETING", "hello"}})}})}})
      .to_string();
}

inline invoker::CallOutcome initialize(invoker::Container& container, const std::string& code,
                                       bool binary = false, const std::string& main = "main") {
  return container.post("/init", init_body(code, binary, main), in(kLong), {}, true);
}

inline invoker::CallOutcome run(invoker::Container& container, const std::string& value = "{}",
                                std::chrono::milliseconds time = kLong) {
  const std::string body = R"({"value":)" + value +
                           R"(,"namespace":"guest","action_name":"/guest/test",)"
                           R"("activation_id":"0123456789abcdef0123456789abcdef",)"
                           R"("deadline":"1711533660150"})";
  return container.post("/run", body, in(time), {}, false);
}

inline invoker::ContainerSpec spec_of(const std::string& kind, std::int64_t megabytes = 256) {
  // Test programs that run beside each other may share what makes their containers.
  static std::atomic<int> counter = 0;
  invoker::ContainerSpec spec;
  spec.name = "wsk" + std::to_string(getpid()) + "_" + std::to_string(++counter) + "_guest_test";
  spec.kind = kind;
  spec.memory_bytes = megabytes << 20;
  spec.cpu_shares = 1024;
  spec.environment = {{"__OW_API_HOST", "http://127.0.0.1:3233"}};
  return spec;
}

// A native action of the ActionLoop convention, in bash: `body` runs for every line and prints the
// answer on descriptor 3.
inline std::string loop_script(const std::string& body) {
  return "#!/bin/bash\nwhile read -r line; do\n" + body + "\ndone\n";
}

}  // namespace invoker_container
