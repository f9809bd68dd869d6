#include "platform.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <functional>
#include <utility>

#include "host_sandboxes.h"
#include "invoker/invoker.h"
#include "invoker_server/metrics_text.h"
#include "invoker_volumes/volume_stager.h"
#include "manifest.h"
#include "standalone/control_plane.h"
#include "standalone/http_server.h"
#include "standalone/sqlite_activation_store.h"
#include "standalone/sqlite_entity_store.h"
#include "storage/volume_store.h"
#include "storage_control/client.h"
#include "storaged_process.h"

namespace program {

using base::ErrorCode;

namespace {

// Requests that touch the disk, at once and waiting.
constexpr std::size_t kDiskThreads = 2;
constexpr std::size_t kDiskQueueMax = 1024;
// For answers that are on their way when everything else has stopped.
constexpr std::chrono::milliseconds kAnswersPatience{200};

// The same for the same data directory, so that the next start finds what a killed one left behind.
std::string instance_of(const std::filesystem::path& data_dir) {
  char text[17];
  const auto hash = std::hash<std::string>{}(std::filesystem::weakly_canonical(data_dir));
  std::snprintf(text, sizeof text, "%016zx", hash);
  return text;
}

class LibraryActions final : public invoker::ActionSource {
 public:
  explicit LibraryActions(standalone::ActionLibrary& library) : library_(library) {}
  base::Result<std::shared_ptr<const invoker::Action>> fetch(
      const std::string& id, const std::optional<std::string>& revision) override {
    return library_.fetch(id, revision);
  }
  std::shared_ptr<const invoker::Action> known(
      const std::string& id, const std::optional<std::string>& revision) override {
    return library_.known(id, revision);
  }

 private:
  standalone::ActionLibrary& library_;
};

// The invoker and the control plane need each other: these two are the joint. Each is told its
// other side once, before any request comes in.
class PlaneSink final : public invoker::ActivationSink {
 public:
  void connect(standalone::ControlPlane& plane) { plane_ = &plane; }
  // The client is answered when its record is safe, so there is nothing to do with the bare result.
  void result_ready(const invoker::ActivationMessage&, const invoker::Activation&) override {}
  void completed(const invoker::ActivationMessage& message, invoker::Activation activation,
                 invoker::Progress) override {
    plane_->completed(message, activation);
  }

 private:
  standalone::ControlPlane* plane_ = nullptr;
};

class EngineInvoke final : public standalone::Invoke {
 public:
  void connect(invoker::Invoker& engine) { engine_ = &engine; }
  void disconnect() { engine_ = nullptr; }
  base::Status submit(invoker::ActivationMessage message) override {
    invoker::Invoker* const engine = engine_;
    if (engine != nullptr) return engine->submit(std::move(message));
    return base::Error{ErrorCode::kUnavailable, "the platform is starting or stopping"};
  }
  void forget(const std::string& action_id) override {
    if (invoker::Invoker* const engine = engine_) engine->forget(action_id);
  }
  bool healthy() const override { return engine_ != nullptr; }
  std::string metrics() const {
    invoker::Invoker* const engine = engine_;
    if (engine == nullptr) return "";
    invoker_server::MetricsText text;
    invoker_server::append_invoker_metrics(engine->stats(), text);
    return text.take();
  }

 private:
  std::atomic<invoker::Invoker*> engine_ = nullptr;
};

}  // namespace

// In the order of making; destroyed from the end.
struct Platform::Parts {
  explicit Parts(const base::Clock& the_clock, base::Logger& the_log)
      : clock(the_clock), log(the_log) {}

  const base::Clock& clock;
  base::Logger& log;
  std::unique_ptr<standalone::EntityStore> entities;
  std::unique_ptr<standalone::ActivationStore> activations;
  std::unique_ptr<standalone::ActionLibrary> library;
  std::unique_ptr<StoragedProcess> storaged;
  std::unique_ptr<storage::VolumeProvider> volumes;
  std::optional<std::string> no_volumes;
  VolumeChoice volume_choice;
  std::unique_ptr<invoker_container::SandboxFactory> containers;
  std::unique_ptr<invoker::FileStager> stager;
  std::unique_ptr<LibraryActions> actions;
  base::ThreadTimer timer;
  standalone::RandomIds ids;
  PlaneSink sink;
  EngineInvoke invoke;
  std::unique_ptr<standalone::ControlPlane> plane;
  std::unique_ptr<invoker::Invoker> engine;
  std::unique_ptr<standalone::WorkPool> disk;
  std::unique_ptr<standalone::HttpServer> server;

  base::Status open_stores(const PlatformConfig& config);
  base::Status open_node(const PlatformConfig& config);
  base::Status begin_volumes(const PlatformConfig& config);
  base::Status begin_storaged(const PlatformConfig& config);
  base::Status open_volumes(const PlatformConfig& config);
  base::Status open_images(const PlatformConfig& config);
  base::Status open_storaged(const PlatformConfig& config);
  base::Status open_front(const PlatformConfig& config);
};

base::Status Platform::Parts::open_stores(const PlatformConfig& config) {
  TRY(entities, standalone::open_sqlite_entity_store(config.data_dir / "entities.db"));
  standalone::ActivationStoreConfig records;
  records.file = config.data_dir / "activations.db";
  TRY(activations, standalone::open_sqlite_activation_store(records, clock));
  if (const auto count = activations->interrupted(); count > 0) {
    log.warn("Platform", std::to_string(count) +
                             " activations were under way when the platform ended last time: "
                             "their records say so");
  }
  library = std::make_unique<standalone::ActionLibrary>(*entities);
  return {};
}

// Sandboxes are needed; volumes are refused one by one where the machine cannot have them.
base::Status Platform::Parts::open_node(const PlatformConfig& config) {
  auto made = invoker_container::SandboxFactory::create(
      host_sandboxes("standalone-" + instance_of(config.data_dir), config.python_stem), clock);
  TRY(containers, std::move(made));
  TRY_STATUS(containers->remove_leftovers());

  TRY_STATUS(open_volumes(config));
  if (volumes) {
    stager = std::make_unique<invoker_volumes::VolumeStager>(*volumes,
                                                             static_cast<uid_t>(containers->uid()));
  } else {
    stager = std::make_unique<invoker_volumes::NoVolumes>(*no_volumes);
  }
  return {};
}

// Before everything else: a larder-storaged of our own starts while the rest does.
base::Status Platform::Parts::begin_volumes(const PlatformConfig& config) {
  volume_choice.service = config.volume_service;
  base::Status begun = begin_storaged(config);
  if (begun || begun.error().code != ErrorCode::kUnsupported) return begun;
  no_volumes = begun.error().message;
  return {};
}

base::Status Platform::Parts::begin_storaged(const PlatformConfig& config) {
  const bool given = !config.storaged_socket.empty();
  if (volume_choice.service == VolumeService::kAuto && given) {
    volume_choice.service = VolumeService::kStoraged;
  }
  if (volume_choice.service == VolumeService::kImages || given) return {};
  base::Status can = try_storaged();
  if (volume_choice.service == VolumeService::kAuto) {
    TRY(volume_choice, choose_volume_service(config.data_dir, can));
  } else if (!can) {
    return can;
  }
  if (volume_choice.service == VolumeService::kImages) return {};
  TRY(storaged, StoragedProcess::start(storaged_folder(config.data_dir)));
  return {};
}

base::Status Platform::Parts::open_volumes(const PlatformConfig& config) {
  if (no_volumes) return {};
  base::Status opened = volume_choice.service == VolumeService::kStoraged ? open_storaged(config)
                                                                          : open_images(config);
  if (opened || opened.error().code != ErrorCode::kUnsupported) return opened;
  no_volumes = opened.error().message;
  return {};
}

base::Status Platform::Parts::open_images(const PlatformConfig& config) {
  storage::VolumeStoreOptions options = config.volumes;
  options.directory = images_folder(config.data_dir);
  TRY(volumes, storage::VolumeStore::open(options));
  return {};
}

base::Status Platform::Parts::open_storaged(const PlatformConfig& config) {
  storage_control::ControlClientOptions options;
  options.client = "standalone-" + instance_of(config.data_dir) + "-" + std::to_string(getpid());
  if (storaged) {
    // Who needs a volume before it is there waits.
    options.socket = storaged->socket();
    volumes = storage_control::ControlClient::begin(std::move(options));
    return {};
  }
  options.socket = config.storaged_socket;
  TRY(volumes, storage_control::ControlClient::connect(std::move(options)));
  return {};
}

base::Status Platform::Parts::open_front(const PlatformConfig& config) {
  actions = std::make_unique<LibraryActions>(*library);
  standalone::ControlPlaneConfig front;
  front.limits = config.limits;
  TRY(front.runtimes, manifest_of(containers->kinds()));
  const auto front_runtimes = front.runtimes.all();
  front.users = config.users;
  front.metrics = [this] { return invoke.metrics(); };
  plane = std::make_unique<standalone::ControlPlane>(
      std::move(front), standalone::ControlPlaneOutside{*entities, *activations, *library, invoke,
                                                        timer, ids, clock});
  sink.connect(*plane);

  disk = std::make_unique<standalone::WorkPool>(kDiskThreads, kDiskQueueMax);
  standalone::HttpServerConfig http;
  http.address = config.address;
  http.port = config.port;
  TRY(server, standalone::HttpServer::start(http, standalone::handler_of(*plane, *disk)));

  invoker::InvokerConfig node;
  node.pool = config.pool;
  if (config.stem_cells_each > 0) {
    for (const auto& runtime : front_runtimes) {
      node.pool.stem_cells.push_back(
          {runtime.kind, config.stem_cell_bytes, config.stem_cells_each});
    }
  }
  node.api_host = "http://" + config.address + ":" + std::to_string(server->port());
  node.capabilities = volume_choice.service == VolumeService::kStoraged
                          ? hints::transactional_volumes()
                          : hints::plain_directories();
  engine = std::make_unique<invoker::Invoker>(
      std::move(node), invoker::Outside{*actions, *containers, *stager, sink, clock, log});
  invoke.connect(*engine);
  return {};
}

Platform::Platform(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Platform::~Platform() {
  if (parts_->server) stop(std::chrono::milliseconds(0));
}

base::Result<std::unique_ptr<Platform>> Platform::start(const PlatformConfig& config,
                                                        const base::Clock& clock,
                                                        base::Logger& log) {
  if (geteuid() != 0) {
    return base::Error{ErrorCode::kPermissionDenied,
                       "sandboxes need root: start this as root (sudo larder standalone)"};
  }
  auto parts = std::make_unique<Parts>(clock, log);
  TRY_STATUS(parts->begin_volumes(config));
  TRY_STATUS(parts->open_stores(config));
  TRY_STATUS(parts->open_node(config));
  TRY_STATUS(parts->open_front(config));
  return std::unique_ptr<Platform>(new Platform(std::move(parts)));
}

std::uint16_t Platform::port() const { return parts_->server->port(); }
std::vector<std::string> Platform::kinds() const { return parts_->containers->kinds(); }
const std::optional<std::string>& Platform::no_volumes() const { return parts_->no_volumes; }
const std::string& Platform::volume_note() const { return parts_->volume_choice.note; }

void Platform::stop(std::chrono::milliseconds patience) {
  parts_->engine->stop(parts_->clock.now() + patience);
  parts_->invoke.disconnect();
  parts_->server->stop(kAnswersPatience);
  parts_->server.reset();
  parts_->engine.reset();
  // Writes what waits, and tells the control plane: so before that goes.
  parts_->activations.reset();
}

}  // namespace program
