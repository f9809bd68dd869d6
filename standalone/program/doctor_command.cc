#include "doctor_command.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "base/unique_fd.h"
#include "host_sandboxes.h"
#include "storage/volume_store.h"
#include "volume_service.h"

namespace program {
namespace {

constexpr std::uint16_t kPort = 3233;
constexpr std::chrono::seconds kTrialTime{20};

enum class Verdict { kOk, kWarn, kFail };

void report(Verdict verdict, const std::string& part, const std::string& what) {
  const char* word = verdict == Verdict::kOk ? " OK " : verdict == Verdict::kWarn ? "WARN" : "FAIL";
  std::printf("[%s] %-22s %s\n", word, part.c_str(), what.c_str());
  std::fflush(stdout);
}

// A scratch folder that goes away with everything in it.
class Scratch {
 public:
  Scratch() {
    std::string pattern = std::filesystem::temp_directory_path() / "larder-doctor-XXXXXX";
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The smallest action of a kind, as /init wants it.
std::string trial_init(const std::string& kind) {
  std::string code = "#!/bin/sh\nwhile read -r line; do echo '{}' >&3; done\n";
  if (kind.starts_with("python")) code = "def main(args):\n  return {}\n";
  if (kind.starts_with("nodejs")) code = "function main() { return {}; }\n";
  base::Json value = base::Json::object({{"name", "trial"}, {"main", "main"}, {"binary", false}});
  value.set("code", code).set("env", base::Json::object());
  return base::Json::object({{"value", value}}).to_string();
}

base::Status try_kind(invoker_container::SandboxFactory& factory, const base::Clock& clock,
                      const std::string& kind) {
  invoker::ContainerSpec spec;
  spec.name = "doctor";
  spec.kind = kind;
  if (kind == "blackbox") spec.image = "openwhisk/dockerskeleton";
  TRY(const auto container, factory.create(spec));
  const auto deadline = clock.now() + kTrialTime;
  const auto init = container->post("/init", trial_init(kind), deadline, {}, true);
  if (init.status != 200) {
    return base::Error{base::ErrorCode::kInternal, "/init answered: " + init.body};
  }
  const auto run = container->post("/run", R"({"value":{}})", deadline, {}, false);
  if (run.status != 200) {
    return base::Error{base::ErrorCode::kInternal, "/run answered: " + run.body};
  }
  return {};
}

bool check_sandboxes(const base::Clock& clock) {
  auto factory = invoker_container::SandboxFactory::create(
      host_sandboxes("doctor-" + std::to_string(getpid()), true), clock);
  if (!factory) {
    report(Verdict::kFail, "sandboxes", factory.error().message);
    return false;
  }
  bool all_run = true;
  for (const std::string& kind : (*factory)->kinds()) {
    const auto begun = clock.now();
    const auto tried = try_kind(**factory, clock, kind);
    const auto ms = std::chrono::duration_cast<base::milliseconds>(clock.now() - begun).count();
    report(
        tried ? Verdict::kOk : Verdict::kFail, "sandbox " + kind,
        tried ? "runs an action, cold, in " + std::to_string(ms) + " ms" : tried.error().message);
    all_run = all_run && tried.ok();
  }
  return all_run;
}

void check_volumes() {
  const auto storaged = try_storaged();
  report(storaged ? Verdict::kOk : Verdict::kWarn, "volumes (storaged)",
         storaged ? "durable files in transactions, ephemeral ones at the speed of the disk"
                  : storaged.error().message);
  const Scratch scratch;
  storage::VolumeStoreOptions options;
  options.directory = scratch.path() / "volumes";
  options.durable_bytes = options.ephemeral_bytes = storage::kImageBytesMin;
  const auto store = storage::VolumeStore::open(options);
  report(store ? Verdict::kOk : Verdict::kWarn, "volumes (images)",
         store ? "both tiers, with quotas held by the kernel" : store.error().message);
}

void check_port() {
  const base::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool free =
      bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  report(free ? Verdict::kOk : Verdict::kWarn, "port 3233",
         free ? "free" : "taken: another platform runs, or start with --port N");
}

}  // namespace

int run_doctor() {
  if (geteuid() != 0) {
    report(Verdict::kFail, "root", "sandboxes need it: run this as root (sudo larder doctor)");
    return 1;
  }
  const base::SystemClock clock;
  const bool runs = check_sandboxes(clock);
  check_volumes();
  check_port();
  return runs ? 0 : 1;
}

}  // namespace program
