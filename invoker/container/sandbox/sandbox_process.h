// The first process of a sandbox, from its birth as root to the exec of the proxy as nobody.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "base/unique_fd.h"
#include "forked_interpreter.h"
#include "orders.h"
#include "template_root.h"

namespace sandbox {

struct Shared {
  const invoker_container::WardenSetup& setup;
  const Template& root;
  const std::vector<sock_filter>& filter;
  Interpreter interpreter;  // nullptr: none
};

// The descriptors of an order, by name.
struct OrderFds {
  base::UniqueFd socket, out, err, status, root;
  std::vector<base::UniqueFd> cgroups;
};

// Runs in the new process, pid 1 of its namespace; does not return, but for an interpreter that is
// forked from it, which goes on elsewhere. A failure is written to
// `fds.status` in words; that descriptor closes without a word when the proxy has been exec'ed.
[[noreturn]] void become_sandbox(const Shared& shared, const invoker_container::StartOrder& order,
                                 const OrderFds& fds, int user_namespace);

}  // namespace sandbox
