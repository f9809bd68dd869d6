// Functions of the program that streams call: kept until the session says that it is their turn,
// then run on a thread of their own. Printed text of kernels goes to standard output.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "gpu_wire/client_link.h"

namespace gpu_guest {

class HostFunctions final : public gpu_wire::Events {
 public:
  // Keeps it; gives its number. From the first on a thread runs them.
  std::uint64_t add(gpu_wire::ClientLink& link, std::function<void()> function);

  void host_call(std::uint64_t function) override;
  void print(std::string_view text) override;

 private:
  void run(gpu_wire::ClientLink& link);

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::map<std::uint64_t, std::function<void()>> kept_;
  std::deque<std::uint64_t> due_;
  std::uint64_t last_ = 0;
  bool runs_ = false;
};

}  // namespace gpu_guest
