// One container of a Docker daemon.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "ending.h"
#include "engine_api.h"
#include "engine_watch.h"
#include "host_view.h"
#include "invoker/container.h"
#include "invoker_http/runtime_client.h"
#include "log_source.h"
#include "mount_point.h"
#include "namespace_thread.h"
#include "owners.h"
#include "undertaker.h"

namespace invoker_docker {

// What all containers of a factory use; it outlives them.
struct Shared {
  const EngineApi& api;
  EngineWatch& watch;
  Undertaker& undertaker;
  invoker_container::NamespaceThread& namespaces;
  Owners& owners;
  const base::Clock& clock;
  bool use_freezer = true;
};

struct ContainerParts {
  std::string id;
  std::string address;
  base::UniqueFd mount_namespace;  // not valid: volumes cannot be attached
  std::shared_ptr<Ending> ending;
  std::unique_ptr<LogSource> log;  // none: nothing is collected
  bool sentinelled = true;         // the end of an activation's logs is to be seen in them
};

class DockerContainer final : public invoker::Container {
 public:
  DockerContainer(ContainerParts parts, const Shared& shared);
  ~DockerContainer() override;

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
  int end_descriptor() const override { return parts_.ending->descriptor(); }
  void kill() override;
  void destroy() override;

 private:
  base::Status check_attachable(const std::string& target) const;
  base::Status mount(const invoker::Mount& mount, const invoker_container::MountLook& look);
  invoker_container::MountPlace place_of(const std::string& target) const;
  bool freezes() const { return shared_.use_freezer && parts_.ending->view().freezer.has_value(); }
  invoker::CallOutcome nobody_there();
  base::Status go_on();
  bool note_memory();
  bool ask_about_memory();
  bool wait_until_settled(base::Instant end) const;

  ContainerParts parts_;
  const Shared shared_;
  invoker_http::RuntimeClient client_;
  std::map<std::string, std::uint64_t> attached_;  // by target: the number of the mount
  std::atomic<base::Instant> deadline_{};          // of the last call
  std::atomic<bool> out_of_memory_ = false;
  std::atomic<bool> broke_ = false;         // the connection of the last call
  std::atomic<bool> memory_known_ = false;  // the kernel was asked when the last call broke
  bool paused_ = false;
  bool destroyed_ = false;
};

}  // namespace invoker_docker
