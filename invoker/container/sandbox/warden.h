// Makes sandboxes on order and is the parent of their first processes.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <set>
#include <vector>

#include "base/unique_fd.h"
#include "orders.h"
#include "sandbox_process.h"
#include "template_root.h"

namespace sandbox {

// One thread. When the other end of `orders` closes, for whatever reason, every sandbox is killed,
// its cgroups are removed and run() returns.
class Warden {
 public:
  // `interpreter`: what sandboxes with one continue with; nullptr: it is started anew in each.
  Warden(int orders, invoker_container::WardenSetup setup, Template root,
         std::vector<sock_filter> filter, Interpreter interpreter);
  int run();

 private:
  bool handle_message();
  void start(const invoker_container::StartOrder& order, OrderFds fds);
  base::Result<pid_t> launch(const invoker_container::StartOrder& order, OrderFds& fds,
                             base::UniqueFd& pidfd);
  void reap();
  void clean_up();

  const int orders_;
  const invoker_container::WardenSetup setup_;
  const Template root_;
  const std::vector<sock_filter> filter_;
  const Interpreter interpreter_;
  base::UniqueFd children_;  // a signalfd for SIGCHLD
  std::set<pid_t> sandboxes_;
};

}  // namespace sandbox
