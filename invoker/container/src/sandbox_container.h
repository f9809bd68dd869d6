// One sandbox, seen from outside.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/unique_fd.h"
#include "cgroup/cgroup.h"
#include "id_ranges.h"
#include "invoker/container.h"
#include "invoker_http/runtime_client.h"
#include "logs/log_reader.h"
#include "mount_point.h"
#include "namespace_thread.h"

namespace invoker_container {

// What a sandbox is made of; given back in destroy().
struct SandboxParts {
  std::string id;
  std::string socket_path;
  base::UniqueFd root;   // writable
  base::UniqueFd pidfd;  // of the first process
  base::UniqueFd mount_namespace;
  base::UniqueFd user_namespace;
  std::int64_t first_id = 0;  // of its range; 0: none
  std::unique_ptr<Cgroup> cgroup;
  std::shared_ptr<LogBuffer> log;
  std::uint64_t log_key = 0;
};

class SandboxContainer final : public invoker::Container {
 public:
  // The four outlive the container.
  SandboxContainer(SandboxParts parts, LogReader& log_reader, NamespaceThread& namespaces,
                   IdRanges& ids, const base::Clock& clock);
  ~SandboxContainer() override;

  const std::string& id() const override { return parts_.id; }
  invoker::CallOutcome post(const std::string& path, const std::string& body,
                            base::Instant deadline, const invoker::ResponseBounds& bounds,
                            bool retry_refused) override;
  base::Status pause() override;
  base::Status resume() override;
  base::Status attach(invoker::Mount mount) override;
  base::Result<invoker::DetachOutcome> detach(const std::string& target) override;
  invoker::CollectedLogs logs(const invoker::LogRequest& request) override;
  bool memory_exhausted() override;
  int end_descriptor() const override { return parts_.pidfd.get(); }
  void kill() override;
  void destroy() override;

 private:
  bool has_ended() const;
  MountPlace place_of(const std::string& target) const;

  SandboxParts parts_;
  std::mutex end_mutex_;  // guards the end of parts_.pidfd against kill()
  LogReader& log_reader_;
  NamespaceThread& namespaces_;
  IdRanges& ids_;
  const base::Clock& clock_;
  invoker_http::RuntimeClient client_;
  std::set<std::string> attached_;
  bool memory_exhausted_ = false;  // as it was when the container was destroyed
  bool destroyed_ = false;
};

// Kills the process behind `pidfd` and waits until it and its namespace are gone, five seconds at
// most.
void end_sandbox(int pidfd, Cgroup& cgroup);

// Removes the cgroup; then, nobody being left who uses them, gives back the ids. What is still
// there after a while stays taken until the factory ends.
void remove_group(SandboxParts& parts, IdRanges& ids);

}  // namespace invoker_container
