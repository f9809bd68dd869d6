// larder-storaged, as one node of the benchmark.
#pragma once

#include <sys/types.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "hints/hints.h"
#include "storage_control/client.h"
#include "subject.h"

namespace volumes_bench {

class LarderNode {
 public:
  // `settings`: KEY=VALUE, beyond name, directory and socket.
  static base::Result<std::unique_ptr<LarderNode>> start(const Path& folder,
                                                         const std::string& name,
                                                         const std::vector<std::string>& settings);
  ~LarderNode();

  // Mounted at a directory of its own while it lives.
  base::Result<std::unique_ptr<Activation>> open(const hints::Volume& volume);
  // The keeper and the daemon.
  std::vector<pid_t> processes() const;
  void kill() const;

 private:
  LarderNode(Path folder, pid_t keeper) : folder_(std::move(folder)), keeper_(keeper) {}

  const Path folder_;
  const pid_t keeper_;
  std::unique_ptr<storage_control::ControlClient> client_;
};

using LarderNodes = std::array<std::shared_ptr<LarderNode>, 2>;

// Volumes with these hints on two nodes; their names are NAME-VOLUME.
std::unique_ptr<Subject> larder_subject(std::string name, Traits traits, LarderNodes nodes,
                                        hints::Volume volume);

}  // namespace volumes_bench
