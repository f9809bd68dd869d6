// User namespaces through which containers see the files of volumes as their own.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace invoker_docker {

// Threads: any. Most containers have one of two or three maps, so namespaces are kept and shared.
class Owners {
 public:
  using Namespace = std::shared_ptr<const base::UniqueFd>;

  // For a container whose first process is `pid`, as it runs now; null where its ids are the
  // host's and its user is kActionOwner. Errors: kUnsupported where this host makes none.
  base::Result<Namespace> of_process(int pid);

 private:
  std::mutex mutex_;  // guards made_, and is held while one is made
  std::map<std::string, Namespace> made_;
};

}  // namespace invoker_docker
