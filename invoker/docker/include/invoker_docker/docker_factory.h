// Containers made by a Docker daemon.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "invoker/container.h"
#include "invoker/runtimes.h"

namespace invoker_docker {

// How long the daemon may take for one command: whisk.docker.client.timeouts.
struct DockerTimeouts {
  std::chrono::milliseconds run{std::chrono::minutes(1)};
  std::chrono::milliseconds remove{std::chrono::minutes(1)};
  std::chrono::milliseconds inspect{std::chrono::minutes(1)};
  std::chrono::milliseconds list{std::chrono::minutes(1)};  // ps
  std::chrono::milliseconds pull{std::chrono::minutes(10)};
  std::chrono::milliseconds pause{std::chrono::seconds(10)};  // and kill
  std::chrono::milliseconds unpause{std::chrono::seconds(10)};
  std::chrono::milliseconds version{std::chrono::seconds(10)};
};

struct DockerConfig {
  std::string socket = "/var/run/docker.sock";
  // "wsk<uniqueName><id>_", as the names of this invoker's containers begin: what is left over is
  // found by it.
  std::string name_prefix = "wsk00_";

  // The image of each kind. "blackbox": for actions of that kind that name no image.
  std::map<std::string, invoker::ImageName> images;
  // Those whose runtimes do not print a sentinel at the end of an activation's logs: what is there
  // is taken. The same goes for blackbox images that are pulled.
  std::set<std::string> kinds_without_sentinels;
  // Blackbox images that are on this host and are not pulled: those named, and every one whose
  // prefix is `local_image_prefix` (unless that is empty).
  std::vector<invoker::ImageName> native_images;
  std::string local_image_prefix;
  std::string runtimes_registry;     // for images of kinds without a registry
  std::string user_images_registry;  // for other images without one

  // whisk.container-factory.container-args
  std::string network = "bridge";
  std::vector<std::string> environment;  // "KEY=value"; "KEY" alone has an empty value
  std::vector<std::string> dns_servers, dns_search, dns_options;
  // Options of `docker run` by their long names; those that Larder sets itself are replaced.
  std::map<std::string, std::vector<std::string>> extra_arguments;

  // Where set, a container gets its part of these processors: with as much memory as the pool, all.
  std::optional<double> user_cpus;
  std::int64_t user_memory_bytes = 1LL << 30;

  // "" leaves it to the daemon. With another driver than json-file no logs are collected.
  std::string log_driver = "json-file";
  // Where the daemon's folder of containers is seen here; else the path that the daemon says, else
  // logs come over the socket.
  std::string containers_folder = "/containers";
  bool use_log_files = true;  // false: always over the socket
  // Pause through the host's control groups where they are seen here; else through the daemon.
  bool use_freezer = true;
  // Look at the containers' processes where this host shows them; else the daemon is asked for
  // everything, and volumes cannot be attached.
  bool use_host_view = true;
  int parallel_runs = 10;  // containers started at once; 0: any number
  DockerTimeouts timeouts;
};

// Threads: any. It has two threads of its own: one follows the daemon's events, one removes what
// could not be removed at once. Containers must be destroyed before it.
//
// The daemon may end and come back at any time: calls fail with kUnavailable meanwhile.
class DockerFactory final : public invoker::ContainerFactory {
 public:
  // `clock` and the log's sink outlive the factory.
  // Errors: kUnavailable or kDeadlineExceeded when no daemon answers, kUnsupported when it is too
  // old, kInvalidArgument for an option that is none.
  static base::Result<std::unique_ptr<DockerFactory>> create(DockerConfig config,
                                                             const base::Clock& clock,
                                                             const base::Logger& log);
  ~DockerFactory() override;

  // Pulls the image where OpenWhisk would, then creates and starts the container.
  // Errors: kUnsupported: the image cannot be had, which is the developer's affair, or the kind has
  // none; kNotFound: it has no such program to start, the developer's too; kUnavailable,
  // kDeadlineExceeded, kInternal: the daemon could not.
  base::Result<std::unique_ptr<invoker::Container>> create(
      const invoker::ContainerSpec& spec) override;

  void cancel_creations() override;

  // Removes every container whose name begins with the prefix, paused ones too. Time: 30 s.
  // Errors: kDeadlineExceeded when some are still there, else as the daemon says.
  base::Status remove_leftovers() override;

  // Not well while the daemon does not answer; a daemon that hangs is noticed after some seconds.
  invoker::Health health() const override;

 private:
  class State;
  explicit DockerFactory(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace invoker_docker
