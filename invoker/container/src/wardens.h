// The processes that make sandboxes: one for all kinds, and one for each kind whose interpreter is
// forked.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "invoker_container/sandbox_factory.h"
#include "warden_client.h"

namespace invoker_container {

// Threads: any.
class Wardens {
 public:
  // The one for all kinds is there when this returns. Errors: those of WardenClient.
  static base::Result<std::unique_ptr<Wardens>> start(const SandboxConfig& config,
                                                      WardenSetup setup, int ids_fd);

  // By the warden that suits `runtime`. One that somebody has ended is replaced.
  base::Result<StartedSandbox> order(const Runtime& runtime, const StartOrder& order,
                                     const std::vector<int>& fds);

  // Whether the one for all kinds is there, or could be replaced as far as is seen. Waits for
  // nobody: one whose place is being taken now is not looked at.
  base::Status check();

 private:
  // A kind whose interpreter is forked.
  struct Stem {
    std::size_t orders = 0;
    bool failed = false;  // it cannot be started here: each sandbox starts its own
    std::shared_ptr<WardenClient> warden;
  };

  Wardens(const SandboxConfig& config, WardenSetup setup, int ids_fd)
      : config_(config), setup_(std::move(setup)), ids_fd_(ids_fd) {}
  base::Result<std::unique_ptr<WardenClient>> start_plain() const;
  base::Result<std::shared_ptr<WardenClient>> plain();
  std::shared_ptr<WardenClient> stem_for(const Runtime& runtime);

  const SandboxConfig& config_;
  const WardenSetup setup_;
  const int ids_fd_;
  std::mutex mutex_;  // guards what follows, not what the wardens do
  std::shared_ptr<WardenClient> plain_;
  base::Status replaced_;              // what became of the last attempt
  std::map<std::string, Stem> stems_;  // by kind
};

}  // namespace invoker_container
