// A node of its own for a test: the real program, its mount, and clients.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "storage_control/client.h"
#include "testing/scratch_folder.h"

namespace storaged_test {

using Folder = testing_support::ScratchFolder;

// Why there can be no mounts on this machine; empty: there can.
std::string no_mounts_here();

class Node {
 public:
  // Settings beyond those for the folder.
  explicit Node(const std::filesystem::path& folder, std::vector<std::string> settings = {},
                std::string name = "one");
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  std::unique_ptr<storage_control::ControlClient> client(const std::string& name) const;
  // The process that serves, of this moment.
  pid_t daemon() const;
  // SIGKILL, and waits until another one serves.
  void kill_daemon() const;
  void stop();

 private:
  const std::filesystem::path folder_;
  pid_t keeper_ = -1;
};

// A volume that is open for an activation, with plain calls on its files.
class Use {
 public:
  Use(storage::VolumeProvider& provider, const std::string& activation,
      const hints::Volume& volume);

  bool ok() const { return volume_ != nullptr; }
  const base::Error& error() const { return error_; }
  int root() const { return tree_.get(); }
  // Gives the mount back first, as an invoker does.
  base::Result<storage::VolumeReport> finish(bool succeeded);
  void drop();

  bool write(const std::string& path, const std::string& text, int flags = 0) const;
  // Nothing where the file cannot be read; errno says why.
  std::optional<std::string> read(const std::string& path) const;
  // Sorted; or "errno N" alone.
  std::vector<std::string> list(const std::string& path) const;

 private:
  std::unique_ptr<storage::OpenVolume> volume_;
  base::UniqueFd tree_;
  base::Error error_{base::ErrorCode::kInternal, "not opened"};
};

hints::Volume volume_of(const std::string& name);
// Durable, but for names with the end .part.
hints::Volume volume_with_parts(const std::string& name, hints::Lifetime::Kind lifetime);

}  // namespace storaged_test
