// A larder-storaged of the platform's own.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"

namespace program {

// Threads: one at a time. Life: the destructor ends it and waits; it also ends when the thread that
// started it does.
class StoragedProcess {
 public:
  // The program of that name beside this one, with its files in `directory`.
  static base::Result<std::unique_ptr<StoragedProcess>> start(
      const std::filesystem::path& directory);
  ~StoragedProcess();
  StoragedProcess(const StoragedProcess&) = delete;
  StoragedProcess& operator=(const StoragedProcess&) = delete;

  const std::filesystem::path& socket() const { return socket_; }

 private:
  StoragedProcess(pid_t pid, std::filesystem::path socket)
      : pid_(pid), socket_(std::move(socket)) {}

  const pid_t pid_;
  const std::filesystem::path socket_;
};

}  // namespace program
