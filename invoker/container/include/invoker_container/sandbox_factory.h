// Containers without a container engine: each is a sandbox of namespaces and cgroups of its own,
// with a read-only root, in which our action proxy runs the interpreters of this host.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "invoker/container.h"

namespace invoker_container {

// How the actions of one kind are run.
struct Runtime {
  std::string kind;                  // "python:3"
  std::vector<std::string> command;  // interpreter and arguments; empty: native programs
  std::string source_name;           // the file that source text is written to
  std::string heap_option;           // gets three quarters of the memory, in MB; may be empty
  // Interpreter and arguments for one that loads the library at descriptor 5 and is then forked for
  // each sandbox; empty: `command` is started in each.
  std::vector<std::string> stem_command{};
};

struct SandboxConfig {
  std::string state_directory = "/run/larder";  // sockets; one directory for one running invoker
  std::string instance = "0";                   // tells the cgroups of invokers on one host apart
  std::string sandbox_program;                  // path of larder-sandbox
  std::string proxy_program;                    // path of larder-proxy
  std::string stem_library;  // path of larder-stem.so; empty or not there: nothing is forked
  // So many sandboxes of a kind start an interpreter of their own before one is kept to be forked:
  // where there is only one sandbox, it would be memory for nothing.
  std::size_t stem_after = 1;
  std::vector<Runtime> runtimes;
  std::vector<std::string> native_images = {"openwhisk/dockerskeleton"};  // with any tag
  std::vector<std::string> read_only_paths;  // folders of the host to show, beside /usr
  // Each sandbox has 65536 user and group ids of the host to itself, out of these. Above what
  // subuid(5), systemd and directory services give away, below systemd's range of foreign images.
  std::int64_t uid_base = 0x7800'0000;
  std::int64_t uid_end = 0x7FFE'0000;  // the first id that is not ours: 2046 sandboxes
  std::string uid_register = "/run/larder-uids.lock";  // tells who has which; one for the host
  std::int64_t uid = 1'000;  // inner id, of user and group, that actions run as
  std::int64_t pids_max = 1'024;
  std::int64_t tmp_bytes_max = 512LL << 20;     // /tmp; never more than half of the memory
  std::int64_t shm_bytes_max = 64LL << 20;      // /dev/shm; never more than half of the memory
  std::int64_t action_bytes_max = 256LL << 20;  // /action; never more than half of the memory
  std::int64_t log_bytes_max = 16LL << 20;  // output kept for each container until it is collected
};

// The native kind, and python and node where they are installed in `/usr`. Runs `node --version`.
std::vector<Runtime> find_runtimes();

// Threads: any. Needs root; runs as a drop-in for a container engine on one host.
class SandboxFactory final : public invoker::ContainerFactory {
 public:
  // Starts the warden, the process that makes sandboxes and outlives this process by the moment
  // that it takes to remove them. `clock` outlives the factory and tells real time. Errors:
  // kPermissionDenied without root, kUnsupported where the kernel lacks what is needed,
  // kAlreadyExists when another process uses the state directory.
  static base::Result<std::unique_ptr<SandboxFactory>> create(SandboxConfig config,
                                                              const base::Clock& clock);
  // Every container must have been destroyed. Removes cgroups and state directory.
  ~SandboxFactory() override;

  // kUnavailable also when all ranges of ids are in use.
  base::Result<std::unique_ptr<invoker::Container>> create(
      const invoker::ContainerSpec& spec) override;
  base::Status remove_leftovers() override;
  // Not well while control groups are missing (the next create() makes them again) or the warden
  // has ended and cannot be replaced.
  invoker::Health health() const override;

  // The user and group id that actions have inside: whose the files of a mount with
  // FileOwners::kContainer should be. On the host it is another one for each container.
  std::int64_t uid() const;
  std::vector<std::string> kinds() const;

 private:
  class State;
  explicit SandboxFactory(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace invoker_container
