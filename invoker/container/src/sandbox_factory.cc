#include "invoker_container/sandbox_factory.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <utility>

#include "cgroup_removal.h"
#include "id_ranges.h"
#include "plumbing.h"
#include "proxy_fds.h"
#include "sandbox_container.h"
#include "small_files.h"
#include "wardens.h"

namespace invoker_container {
namespace {

constexpr std::chrono::seconds kLeftoverPatience{10};
constexpr int kOutPipeBytes = 256 << 10;
constexpr int kErrPipeBytes = 64 << 10;
constexpr std::size_t kNameLengthMax = 100;

std::string without_tag(const std::string& image) {
  const std::size_t colon = image.rfind(':');
  const std::size_t slash = image.rfind('/');
  const bool tagged = colon != std::string::npos && (slash == std::string::npos || colon > slash);
  return tagged ? image.substr(0, colon) : image;
}

std::string safe_name(const std::string& name) {
  std::string safe = name.substr(0, kNameLengthMax);
  for (char& letter : safe) {
    const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                       (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
    if (!plain) letter = '_';
  }
  return safe;
}

// Everything that goes over to the sandbox; closed here once it has started.
struct TheirEnds {
  base::UniqueFd socket, out, err, status, root;
  std::vector<base::UniqueFd> cgroups;
};

}  // namespace

class SandboxFactory::State {
 public:
  State(SandboxConfig config, const base::Clock& clock, CgroupLayout layout)
      : config_(std::move(config)),
        clock_(clock),
        cgroups_(std::move(layout), "larder-" + safe_name(config_.instance)),
        health_(clock) {}
  ~State();

  base::Status start();
  base::Status remove_leftovers() const;
  base::Result<std::unique_ptr<invoker::Container>> create(const invoker::ContainerSpec& spec);
  invoker::Health health();
  const SandboxConfig& config() const { return config_; }

 private:
  base::Status take_state_directory();
  base::Result<const Runtime*> find_runtime(const invoker::ContainerSpec& spec) const;
  StartOrder make_order(const Runtime& runtime, const invoker::ContainerSpec& spec) const;
  base::Status assemble(const invoker::ContainerSpec& spec, const Runtime& runtime,
                        SandboxParts& parts);
  base::Status launch(const Runtime& runtime, StartOrder order, SandboxParts& parts,
                      const TheirEnds& theirs);
  base::Result<std::unique_ptr<Cgroup>> make_group(const std::string& name,
                                                   const CgroupLimits& limits) const;
  base::Status check_groups() const;

  const SandboxConfig config_;
  const base::Clock& clock_;
  const CgroupMaker cgroups_;
  base::UniqueFd lock_;  // on the state directory
  std::unique_ptr<IdRanges> ids_;
  std::unique_ptr<NamespaceThread> namespaces_;
  std::unique_ptr<LogReader> log_reader_;
  std::unique_ptr<Wardens> wardens_;
  invoker::HealthKeeper health_;
  std::atomic<std::uint64_t> counter_{0};
};

SandboxFactory::State::~State() {
  wardens_.reset();  // removes the cgroups
  if (!lock_.valid()) return;
  std::error_code ignored;
  std::filesystem::remove(config_.state_directory + "/cgroups", ignored);
  std::filesystem::remove(config_.state_directory + "/lock", ignored);
  std::filesystem::remove(config_.state_directory, ignored);
}

base::Status SandboxFactory::State::take_state_directory() {
  std::error_code error;
  std::filesystem::create_directories(config_.state_directory, error);
  if (error) return base::error_from_errno(error.value(), "making " + config_.state_directory);
  chmod(config_.state_directory.c_str(), 0700);
  const std::string path = config_.state_directory + "/lock";
  base::UniqueFd lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return base::error_from_errno(errno, "opening " + path);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) < 0) {
    return base::Error{base::ErrorCode::kAlreadyExists,
                       "another invoker uses " + config_.state_directory};
  }
  lock_ = std::move(lock);
  return {};
}

base::Status SandboxFactory::State::start() {
  TRY_STATUS(take_state_directory());
  TRY_STATUS(remove_leftovers());
  TRY_STATUS(cgroups_.prepare());
  std::string list;
  for (const std::string& path : cgroups_.directories()) list.append(path).append("\n");
  const std::string path = config_.state_directory + "/cgroups";
  const base::UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.valid() || write(file.get(), list.data(), list.size()) < 0) {
    return base::error_from_errno(errno, "writing " + path);
  }
  TRY(ids_, IdRanges::open(config_.uid_register, config_.uid_base, config_.uid_end));
  TRY(namespaces_, NamespaceThread::create());
  TRY(log_reader_, LogReader::create(clock_));
  TRY(wardens_, Wardens::start(config_,
                               {config_.proxy_program, config_.read_only_paths,
                                cgroups_.directories(), config_.state_directory, config_.uid},
                               ids_->fd()));
  return {};
}

// Somebody who tidies up may have removed the empty groups that ours are made in.
base::Result<std::unique_ptr<Cgroup>> SandboxFactory::State::make_group(
    const std::string& name, const CgroupLimits& limits) const {
  auto group = cgroups_.make(name, limits);
  if (group.ok() || group.error().code != base::ErrorCode::kNotFound) return group;
  TRY_STATUS(cgroups_.prepare());
  return cgroups_.make(name, limits);
}

invoker::Health SandboxFactory::State::health() {
  const base::Status groups = check_groups();
  health_.note(groups.ok() ? wardens_->check() : groups);
  return health_.health();
}

base::Status SandboxFactory::State::check_groups() const {
  for (const std::string& path : cgroups_.directories()) {
    if (access(path.c_str(), F_OK) != 0) {
      return base::error_from_errno(errno, "looking for the control group " + path);
    }
  }
  return {};
}

// An earlier process may have been in other groups than this one, so it left a list of its own.
base::Status SandboxFactory::State::remove_leftovers() const {
  std::vector<std::string> directories = cgroups_.directories();
  if (const auto list = read_file(config_.state_directory + "/cgroups"); list.ok()) {
    std::size_t start = 0;
    while (start < list->size()) {
      const std::size_t end = std::min(list->find('\n', start), list->size());
      directories.push_back(list->substr(start, end - start));
      start = end + 1;
    }
  }
  std::ranges::sort(directories);
  directories.erase(std::unique(directories.begin(), directories.end()), directories.end());
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(config_.state_directory, error)) {
    if (entry.is_socket(error)) std::filesystem::remove(entry.path(), error);
  }
  return remove_cgroups(directories, kLeftoverPatience);
}

base::Result<const Runtime*> SandboxFactory::State::find_runtime(
    const invoker::ContainerSpec& spec) const {
  if (spec.kind == "blackbox" && !spec.image.empty() &&
      std::ranges::find(config_.native_images, without_tag(spec.image)) ==
          config_.native_images.end()) {
    return base::Error{base::ErrorCode::kUnsupported,
                       "The image '" + spec.image +
                           "' cannot be run here: there is no container "
                           "engine, only native programs run as blackbox actions."};
  }
  for (const Runtime& runtime : config_.runtimes) {
    if (runtime.kind == spec.kind) return &runtime;
  }
  return base::Error{base::ErrorCode::kUnsupported,
                     "The kind '" + spec.kind + "' cannot be run here."};
}

StartOrder SandboxFactory::State::make_order(const Runtime& runtime,
                                             const invoker::ContainerSpec& spec) const {
  StartOrder order;
  order.hostname = "sandbox";
  const std::int64_t half = spec.memory_bytes / 2;
  order.tmp_bytes = std::min(config_.tmp_bytes_max, half);
  order.shm_bytes = std::min(config_.shm_bytes_max, half);
  order.action_bytes = std::min(config_.action_bytes_max, half);
  order.environment = sandbox_environment();
  for (const auto& [name, value] : spec.environment)
    order.environment.push_back(std::string(name).append("=").append(value));
  if (runtime.command.empty()) {
    order.arguments = {"native"};
    return order;
  }
  order.arguments = {"interpreter", runtime.source_name, runtime.command.front()};
  if (!runtime.heap_option.empty()) {
    order.arguments.push_back(runtime.heap_option +
                              std::to_string((spec.memory_bytes >> 20) * 3 / 4));
  }
  order.arguments.insert(order.arguments.end(), runtime.command.begin() + 1, runtime.command.end());
  return order;
}

base::Result<std::unique_ptr<invoker::Container>> SandboxFactory::State::create(
    const invoker::ContainerSpec& spec) {
  TRY(const Runtime* runtime, find_runtime(spec));
  const std::uint64_t number = ++counter_;
  SandboxParts parts;
  parts.id = safe_name(spec.name) + "." + std::to_string(number);
  parts.socket_path = config_.state_directory + "/" + std::to_string(number) + ".sock";
  const base::Status status = assemble(spec, *runtime, parts);
  if (status.ok()) {
    return std::unique_ptr<invoker::Container>(std::make_unique<SandboxContainer>(
        std::move(parts), *log_reader_, *namespaces_, *ids_, clock_));
  }
  if (parts.pidfd.valid()) end_sandbox(parts.pidfd.get(), *parts.cgroup);
  if (parts.log_key != 0) log_reader_->remove(parts.log_key);
  remove_group(parts, *ids_);
  unlink(parts.socket_path.c_str());
  return status.error();
}

base::Status SandboxFactory::State::assemble(const invoker::ContainerSpec& spec,
                                             const Runtime& runtime, SandboxParts& parts) {
  StartOrder order = make_order(runtime, spec);
  TRY(parts.first_id, ids_->take());
  order.uid_base = parts.first_id;
  TRY(parts.cgroup, make_group(parts.id, {spec.memory_bytes, config_.pids_max, spec.cpu_shares}));
  TRY(parts.root, make_root());
  TheirEnds theirs;
  TRY(theirs.cgroups, parts.cgroup->entrances());
  TRY(theirs.socket, listen_at(parts.socket_path));
  const auto writer = static_cast<uid_t>(parts.first_id + config_.uid);
  TRY(Pipe out, make_output_pipe(writer, kOutPipeBytes));
  TRY(Pipe err, make_output_pipe(writer, kErrPipeBytes));
  theirs.out = std::move(out.write_end);
  theirs.err = std::move(err.write_end);
  parts.log = std::make_shared<LogBuffer>(config_.log_bytes_max);
  TRY(parts.log_key, log_reader_->add(std::move(out.read_end), std::move(err.read_end), parts.log));
  return launch(runtime, std::move(order), parts, theirs);
}

base::Status SandboxFactory::State::launch(const Runtime& runtime, StartOrder order,
                                           SandboxParts& parts, const TheirEnds& theirs) {
  TRY(Pipe status, make_pipe());
  order.unified_cgroup = parts.cgroup->unified();
  std::vector<int> fds = {theirs.socket.get(), theirs.out.get(), theirs.err.get(),
                          status.write_end.get(), parts.root.get()};
  for (const base::UniqueFd& fd : theirs.cgroups) fds.push_back(fd.get());
  TRY(StartedSandbox started, wardens_->order(runtime, order, fds));
  parts.pidfd = std::move(started.pidfd);
  status.write_end.reset();
  TRY_STATUS(wait_until_started(status.read_end.get()));
  const std::string folder = "/proc/" + std::to_string(started.pid) + "/ns";
  parts.mount_namespace.reset(open((folder + "/mnt").c_str(), O_RDONLY | O_CLOEXEC));
  parts.user_namespace.reset(open((folder + "/user").c_str(), O_RDONLY | O_CLOEXEC));
  // When the process lives now, its number was its own when the file was opened.
  pollfd ended{parts.pidfd.get(), POLLIN, 0};
  const bool opened = parts.mount_namespace.valid() && parts.user_namespace.valid();
  if (!opened || poll(&ended, 1, 0) != 0) {
    return base::Error{base::ErrorCode::kUnavailable, "the sandbox ended while it started"};
  }
  return {};
}

SandboxFactory::SandboxFactory(std::unique_ptr<State> state) : state_(std::move(state)) {}
SandboxFactory::~SandboxFactory() = default;

base::Result<std::unique_ptr<SandboxFactory>> SandboxFactory::create(SandboxConfig config,
                                                                     const base::Clock& clock) {
  if (geteuid() != 0) {
    return base::Error{base::ErrorCode::kPermissionDenied, "sandboxes can only be made by root"};
  }
  TRY(const std::string groups, read_file("/proc/self/cgroup"));
  TRY(const std::string mounts, read_file("/proc/self/mountinfo"));
  TRY(CgroupLayout layout, find_layout(groups, mounts));
  auto state = std::make_unique<State>(std::move(config), clock, std::move(layout));
  TRY_STATUS(state->start());
  return std::unique_ptr<SandboxFactory>(new SandboxFactory(std::move(state)));
}

base::Result<std::unique_ptr<invoker::Container>> SandboxFactory::create(
    const invoker::ContainerSpec& spec) {
  return state_->create(spec);
}

// start() has done it: nothing could be made before.
base::Status SandboxFactory::remove_leftovers() { return {}; }

invoker::Health SandboxFactory::health() const { return state_->health(); }

std::int64_t SandboxFactory::uid() const { return state_->config().uid; }

std::vector<std::string> SandboxFactory::kinds() const {
  std::vector<std::string> kinds;
  for (const Runtime& runtime : state_->config().runtimes) kinds.push_back(runtime.kind);
  return kinds;
}

}  // namespace invoker_container
