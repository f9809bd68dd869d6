#include "world.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>

#include "base/base64.h"
#include "invoker/runtime_protocol.h"
#include "invoker_volumes/volume_stager.h"

namespace bench {

void Sink::expect(const std::string& activation_id, Ends ends) {
  const std::lock_guard lock(mutex_);
  ends_[activation_id] = std::move(ends);
}

void Sink::result_ready(const invoker::ActivationMessage& message,
                        const invoker::Activation& activation) {
  const auto now = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  const auto result = ends_.at(message.activation_id).result;
  lock.unlock();
  if (result) result(activation, now);
}

void Sink::completed(const invoker::ActivationMessage& message, invoker::Activation activation,
                     invoker::Progress) {
  std::unique_lock lock(mutex_);
  const auto at = ends_.find(message.activation_id);
  const auto completed = std::move(at->second.completed);
  ends_.erase(at);
  lock.unlock();
  completed(activation);
}

void Actions::put(invoker::Action action) {
  const std::string id = action.full_name();
  actions_[id] = std::make_shared<const invoker::Action>(std::move(action));
}

base::Result<std::shared_ptr<const invoker::Action>> Actions::fetch(
    const std::string& id, const std::optional<std::string>&) {
  const auto at = actions_.find(id);
  if (at == actions_.end()) return base::Error{base::ErrorCode::kNotFound, id};
  return at->second;
}

World::World() {
  std::string pattern = std::filesystem::temp_directory_path() / "larder-bench-XXXXXX";
  CHECK(mkdtemp(pattern.data()) != nullptr);
  scratch_ = pattern;
  invoker_container::SandboxConfig config;
  config.instance = "bench-" + std::to_string(getpid());
  config.state_directory = scratch_ + "/run";
  const auto programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  config.sandbox_program = programs / "larder-sandbox";
  config.proxy_program = programs / "larder-proxy";
  config.stem_library = programs / "larder-stem.so";
  config.runtimes = invoker_container::find_runtimes();
  auto containers = invoker_container::SandboxFactory::create(std::move(config), clock);
  if (!containers) std::fprintf(stderr, "%s\n", containers.error().message.c_str());
  CHECK(containers.ok());
  containers_ = std::move(containers).value();
  storage::VolumeStoreOptions options;
  options.directory = scratch_ + "/volumes";
  options.durable_bytes = options.ephemeral_bytes = 1024 * kMiB;
  options.quota_bytes = 100 * kMiB;
  auto volumes = storage::VolumeStore::open(options);
  if (!volumes) std::fprintf(stderr, "%s\n", volumes.error().message.c_str());
  CHECK(volumes.ok());
  volumes_ = std::move(volumes).value();
  stager_ = std::make_unique<invoker_volumes::VolumeStager>(*volumes_, files_uid());
}

World::~World() {
  volumes_.reset();
  containers_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(scratch_, ignored);
}

std::unique_ptr<invoker::Invoker> World::invoker(invoker::PoolConfig pool) {
  invoker::InvokerConfig config;
  config.pool = std::move(pool);
  config.api_host = "http://127.0.0.1:3233";
  config.capabilities = hints::plain_directories();
  return std::make_unique<invoker::Invoker>(
      std::move(config), invoker::Outside{actions, *containers_, *stager_, sink, clock, log_});
}

std::unique_ptr<invoker::Container> World::container(const std::string& kind) {
  invoker::ContainerSpec spec;
  spec.name = "bench";
  spec.kind = kind;
  if (kind == "blackbox") spec.image = "openwhisk/dockerskeleton";
  auto made = containers_->create(spec);
  if (!made) std::fprintf(stderr, "%s\n", made.error().message.c_str());
  CHECK(made.ok());
  return std::move(made).value();
}

invoker::Action noop(const std::string& kind, const std::string& name) {
  invoker::Action action;
  action.path = "guest";
  action.name = name;
  action.version = "0.0.1";
  action.revision = "1-a";
  action.exec.kind = kind;
  action.annotations = *base::Json::parse(R"([{"key":"provide-api-key","value":false}])");
  if (kind == "blackbox") {
    std::ifstream file(
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "bench_noop_action",
        std::ios::binary);
    const std::string program(std::istreambuf_iterator<char>(file), {});
    CHECK(!program.empty());
    action.exec.image = "openwhisk/dockerskeleton";
    action.exec.code = base::encode_base64(program);
    action.exec.binary = true;
  } else if (kind.starts_with("python")) {
    action.exec.code = "def main(args):\n    return {}\n";
  } else {
    action.exec.code = "function main(args) { return {}; }\n";
  }
  return action;
}

std::string init_body(const invoker::Action& action) {
  return invoker::init_body(message_for(action.name), action, 4'000'000'000'000);
}

invoker::ActivationMessage message_for(const std::string& action_name) {
  static std::atomic<std::uint64_t> count = 0;
  invoker::ActivationMessage message;
  message.transid = {"tid", 1'700'000'000'000, *base::Json::parse(R"(["tid",1700000000000])")};
  message.action_path = "guest";
  message.action_name = action_name;
  message.action_version = "0.0.1";
  message.user.subject = message.user.namespace_name = "guest";
  const std::string number = std::to_string(++count);
  message.activation_id = std::string(32 - number.size(), '0') + number;
  message.root_controller = "0";
  message.blocking = true;
  message.content = base::Json::object();
  return message;
}

invoker::Activation run_once(World& world, invoker::Invoker& invoker, const std::string& name) {
  std::promise<invoker::Activation> done;
  invoker::ActivationMessage message = message_for(name);
  world.sink.expect(message.activation_id,
                    {nullptr, [&](const invoker::Activation& a) { done.set_value(a); }});
  CHECK(invoker.submit(std::move(message)).ok());
  invoker::Activation activation = done.get_future().get();
  if (activation.response.code != invoker::StatusCode::kSuccess) {
    std::fprintf(stderr, "%s\n", invoker::to_document(activation).to_string().c_str());
  }
  CHECK(activation.response.code == invoker::StatusCode::kSuccess);
  return activation;
}

double timing_ms(const invoker::Activation& activation, const char* phase) {
  for (const base::Json& item : activation.annotations.items()) {
    if (item.find("key")->as_string() != "timing") continue;
    const base::Json* ms = item.find("value")->find(phase);
    return ms == nullptr ? 0 : std::strtod(ms->number_text().c_str(), nullptr);
  }
  return 0;
}

}  // namespace bench
