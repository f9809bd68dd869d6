#include "invoker_docker/docker_factory.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>
#include <utility>

#include "bridge.h"
#include "docker_container.h"
#include "forgotten.h"
#include "image_name.h"
#include "image_puller.h"
#include "log_collector.h"
#include "run_options.h"
#include "turnstile.h"

namespace invoker_docker {
namespace {

using base::ErrorCode;

constexpr std::chrono::seconds kLeftoverPatience{30};
constexpr std::size_t kRemoversMax = 10;

// An image, and what OpenWhisk does about having it.
struct ChosenImage {
  std::string name;  // full
  bool pull = false;
  bool must_be_pulled = false;  // else one that is here already will do
  bool sentinelled = true;      // its runtime prints sentinels
};

// What a program prints that `docker run` ends with 127 for.
bool lacks_program(const base::Error& error) {
  return std::ranges::any_of(
      std::initializer_list<const char*>{"executable file not found", "no such file or directory"},
      [&](const char* words) { return error.message.find(words) != std::string::npos; });
}

// The daemon may have done it, or do it later.
bool is_unanswered(const base::Error& error) {
  return error.code == ErrorCode::kDeadlineExceeded || error.code == ErrorCode::kUnavailable;
}

std::vector<std::string> ids_of(const std::vector<Listed>& containers) {
  std::vector<std::string> ids;
  ids.reserve(containers.size());
  for (const Listed& container : containers) ids.push_back(container.id);
  return ids;
}

// What the operator gave is looked at once, at the start, and not at the first action.
base::Status check(const DockerConfig& config) {
  TRY([[maybe_unused]] const base::Json body, create_body("any", run_options(config, {})));
  return {};
}

// A bridge that nobody gave an address has that of one of its ports, and another one whenever a
// container comes or goes. Docker's own bridges have one; one that was made for the daemon may not.
void warn_of_bridge(const EngineApi& api, const std::string& network, const base::Logger& log) {
  const auto bridge = api.bridge_of(network);
  if (!bridge.ok() || !has_no_address(*bridge)) return;
  log.warn("Docker", "the bridge " + *bridge +
                         " has no hardware address of its own, and changes it when containers come "
                         "and go: what they answer is then lost, for up to a minute. Give it one: "
                         "ip link set dev " +
                         *bridge + " address 02:42:00:00:00:01");
}

}  // namespace

class DockerFactory::State {
 public:
  State(DockerConfig config, std::unique_ptr<EngineApi> api,
        std::unique_ptr<invoker_container::NamespaceThread> namespaces, const base::Clock& clock,
        const base::Logger& log)
      : config_(std::move(config)),
        clock_(clock),
        log_(log),
        api_(std::move(api)),
        namespaces_(std::move(namespaces)),
        watch_(*api_, clock, log),
        undertaker_(*api_, log),
        puller_(*api_, cancelled_),
        turnstile_(config_.parallel_runs),
        shared_{*api_, watch_, undertaker_, *namespaces_, owners_, clock_, config_.use_freezer} {}

  base::Result<std::unique_ptr<invoker::Container>> create(const invoker::ContainerSpec& spec);
  void cancel_creations() { cancelled_ = true; }
  base::Status remove_leftovers();
  invoker::Health health() const { return watch_.health(); }

 private:
  base::Result<ChosenImage> choose_image(const invoker::ContainerSpec& spec) const;
  bool is_native(const invoker::ImageName& image) const;
  base::Result<std::string> make(const invoker::ContainerSpec& spec, const std::string& image);
  base::Result<std::string> make_named(const std::string& name, const base::Json& body,
                                       const std::string& image);
  base::Status start(const std::string& id, const std::string& image);
  base::Result<ContainerParts> look_into(const std::string& id);
  std::unique_ptr<LogSource> log_of(const Inspected& container) const;
  void remove_one(const Listed& container) const;

  const DockerConfig config_;
  const base::Clock& clock_;
  const base::Logger log_;
  const std::unique_ptr<EngineApi> api_;
  const std::unique_ptr<invoker_container::NamespaceThread> namespaces_;
  Owners owners_;
  EngineWatch watch_;
  Undertaker undertaker_;
  std::atomic<bool> cancelled_ = false;  // no more containers are wanted
  ImagePuller puller_;
  Turnstile turnstile_;
  const Shared shared_;
};

bool DockerFactory::State::is_native(const invoker::ImageName& image) const {
  if (!config_.local_image_prefix.empty() && image.prefix == config_.local_image_prefix)
    return true;
  return std::ranges::find(config_.native_images, image) != config_.native_images.end();
}

base::Result<ChosenImage> DockerFactory::State::choose_image(
    const invoker::ContainerSpec& spec) const {
  if (spec.image.empty()) {
    const auto at = config_.images.find(spec.kind);
    if (at == config_.images.end()) {
      return base::Error{ErrorCode::kUnsupported, "The kind '" + spec.kind + "' has no image."};
    }
    return ChosenImage{.name = at->second.text(config_.runtimes_registry),
                       .sentinelled = !config_.kinds_without_sentinels.contains(spec.kind)};
  }
  const auto image = parse_image_name(spec.image);
  if (!image.ok()) return base::Error{ErrorCode::kUnsupported, image.error().message};
  const std::string name = image->text(config_.user_images_registry);
  if (is_native(*image)) return ChosenImage{.name = name};
  return ChosenImage{
      .name = name, .pull = true, .must_be_pulled = is_latest(*image), .sentinelled = false};
}

base::Result<std::unique_ptr<invoker::Container>> DockerFactory::State::create(
    const invoker::ContainerSpec& spec) {
  TRY(const ChosenImage image, choose_image(spec));
  base::Status pulled;
  if (image.pull) pulled = puller_.pull(image.name);
  if (cancelled_) return base::Error{ErrorCode::kUnavailable, "no more containers are wanted"};
  if (!pulled.ok() && image.must_be_pulled) {
    return base::Error{ErrorCode::kUnsupported, pulled.error().message};
  }
  auto id = make(spec, image.name);
  if (!id.ok() && id.error().code != ErrorCode::kNotFound && !pulled.ok()) {
    return base::Error{ErrorCode::kUnsupported, pulled.error().message};
  }
  if (!id.ok()) return id.error();
  auto parts = look_into(*id);
  if (parts.ok()) {
    parts->sentinelled = image.sentinelled;
    return std::unique_ptr<invoker::Container>(
        std::make_unique<DockerContainer>(std::move(*parts), shared_));
  }
  undertaker_.take(*id);
  return parts.error();
}

// The id of a container that has been started.
base::Result<std::string> DockerFactory::State::make(const invoker::ContainerSpec& spec,
                                                     const std::string& image) {
  TRY(const base::Json body, create_body(image, run_options(config_, spec)));
  const Turnstile::Pass pass = turnstile_.enter();
  undertaker_.end_processes();
  auto id = make_named(spec.name, body, image);
  if (!id.ok()) {
    if (is_unanswered(id.error())) undertaker_.expect(spec.name);
    return id;
  }
  const base::Status started = start(*id, image);
  if (started.ok()) return id;
  undertaker_.take(*id);
  return started.error();
}

// As `docker run` does: an image that is not here is pulled. A name that is taken belongs to what
// an earlier process left, or to our own request that was sent twice when the daemon went away.
base::Result<std::string> DockerFactory::State::make_named(const std::string& name,
                                                           const base::Json& body,
                                                           const std::string& image) {
  auto id = api_->create(name, body, &cancelled_);
  if (!id.ok() && id.error().code == ErrorCode::kNotFound) {
    const base::Status pulled = puller_.pull(image);
    if (!pulled.ok()) return base::Error{ErrorCode::kInternal, pulled.error().message};
    id = api_->create(name, body, &cancelled_);
  }
  if (!id.ok() && id.error().code == ErrorCode::kConflict &&
      name.starts_with(config_.name_prefix)) {
    TRY_STATUS(api_->remove(name));
    id = api_->create(name, body, &cancelled_);
  }
  if (!id.ok() && id.error().code == ErrorCode::kNotFound)
    return base::Error{ErrorCode::kInternal, id.error().message};
  return id;
}

base::Status DockerFactory::State::start(const std::string& id, const std::string& image) {
  base::Status status = api_->start(id, &cancelled_);
  if (status.ok() || !lacks_program(status.error())) return status;
  return base::Error{ErrorCode::kNotFound, "executable file not found in image " + image};
}

base::Result<ContainerParts> DockerFactory::State::look_into(const std::string& id) {
  TRY(const Inspected found, api_->inspect(id, config_.network, &cancelled_));
  if (found.running && found.address.empty()) {
    return base::Error{ErrorCode::kInternal,
                       "container " + id + " has no address in network " + config_.network};
  }
  ContainerParts parts;
  parts.id = id;
  parts.address = found.address;
  HostView view = config_.use_host_view ? look_at(found.pid, id) : HostView();
  parts.mount_namespace = std::move(view.mount_namespace);
  parts.ending = std::make_shared<Ending>(std::move(view));
  if (!found.running) parts.ending->mark();
  if (found.paused) parts.ending->note_pause();
  watch_.add(id, found.address, parts.ending);
  parts.log = log_of(found);
  return parts;
}

std::unique_ptr<LogSource> DockerFactory::State::log_of(const Inspected& container) const {
  if (config_.log_driver != "json-file") return nullptr;
  const std::string here =
      config_.containers_folder + "/" + container.id + "/" + container.id + "-json.log";
  for (const std::string& path : {here, container.log_path}) {
    if (!config_.use_log_files) break;
    if (auto file = open_log_file(path); file.ok()) return std::move(*file);
  }
  return log_over_api(*api_, container.id);
}

base::Status DockerFactory::State::remove_leftovers() {
  const auto end = std::chrono::steady_clock::now() + kLeftoverPatience;
  TRY(const std::vector<Listed> found, api_->list(config_.name_prefix));
  end_processes_of(ids_of(found));  // a process that is frozen would not die of the daemon's signal
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> removers;
  for (std::size_t i = 0; i < std::min(kRemoversMax, found.size()); ++i) {
    removers.emplace_back([&] {
      for (std::size_t at = next++; at < found.size(); at = next++) {
        if (std::chrono::steady_clock::now() < end) remove_one(found[at]);
      }
    });
  }
  removers.clear();
  TRY(const std::vector<Listed> left, api_->list(config_.name_prefix));
  if (left.empty()) return {};
  return base::Error{ErrorCode::kDeadlineExceeded, std::to_string(left.size()) +
                                                       " containers named " + config_.name_prefix +
                                                       "... could not be removed"};
}

void DockerFactory::State::remove_one(const Listed& container) const {
  if (container.paused) static_cast<void>(api_->unpause(container.id).ok());
  const base::Status status = api_->remove(container.id);
  if (!status.ok()) log_.warn("Docker", status.error().message);
}

DockerFactory::DockerFactory(std::unique_ptr<State> state) : state_(std::move(state)) {}
DockerFactory::~DockerFactory() = default;

base::Result<std::unique_ptr<DockerFactory>> DockerFactory::create(DockerConfig config,
                                                                   const base::Clock& clock,
                                                                   const base::Logger& log) {
  TRY_STATUS(check(config));
  TRY(auto api, EngineApi::connect(config.socket, config.timeouts));
  warn_of_bridge(*api, config.network, log);
  TRY(auto namespaces, invoker_container::NamespaceThread::create());
  return std::unique_ptr<DockerFactory>(new DockerFactory(std::make_unique<State>(
      std::move(config), std::move(api), std::move(namespaces), clock, log)));
}

base::Result<std::unique_ptr<invoker::Container>> DockerFactory::create(
    const invoker::ContainerSpec& spec) {
  return state_->create(spec);
}

void DockerFactory::cancel_creations() { state_->cancel_creations(); }

base::Status DockerFactory::remove_leftovers() { return state_->remove_leftovers(); }

invoker::Health DockerFactory::health() const { return state_->health(); }

}  // namespace invoker_docker
