// Services of tests/services, started for the benchmark.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "subject.h"

namespace volumes_bench {

// Stops what it started, the last one first. Threads: one.
class Services {
 public:
  explicit Services(Path folder) : folder_(std::move(folder)) {}
  ~Services();
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  // Says that it starts; gives what its file `address` says. Errors: why it does not run here.
  base::Result<std::string> start(const std::string& name);
  Path folder_of(const std::string& name) const { return folder_ / name; }

 private:
  const Path folder_;
  std::vector<std::string> started_;
};

}  // namespace volumes_bench
