#include "inheritance.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "child_process.h"
#include "mount_state.h"
#include "storage_fuse/keeper.h"

namespace storage_fuse {
namespace {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Result;
using base::Status;
using base::UniqueFd;

// The descriptors are ours alone from now on, and so is the word about them.
std::vector<int> take(const char* variable, std::size_t count) {
  std::vector<int> numbers = parse_numbers(std::getenv(variable));  // NOLINT(concurrency-mt-unsafe)
  ::unsetenv(variable);  // NOLINT(concurrency-mt-unsafe): at the start of main
  if (numbers.size() != count) return {};
  for (std::size_t i = 0; i < 4; ++i) ::fcntl(numbers[i], F_SETFD, FD_CLOEXEC);
  return numbers;
}

Mount mount_of(const std::vector<int>& numbers) {
  return {UniqueFd(numbers[0]), UniqueFd(numbers[1]), UniqueFd(numbers[2])};
}

std::vector<std::string> arguments_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
  std::vector<std::string> arguments;
  for (std::string one; std::getline(file, one, '\0');) arguments.push_back(one);
  return arguments;
}

std::string program_of(pid_t pid) {
  std::error_code error;
  std::string path = std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", error);
  // An upgrade has put another file there: that one then.
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
  return path;
}

class Watch final : public KeeperWatch {
 public:
  Watch(InheritedMount& inherited, const base::Logger& log, UniqueFd stop)
      : inherited_(inherited), log_(log), stop_(std::move(stop)), thread_([this] { run(); }) {}
  ~Watch() override { ::eventfd_write(stop_.get(), 1); }

 private:
  void run() {
    while (true) {
      std::array<pollfd, 2> events{pollfd{stop_.get(), POLLIN, 0},
                                   pollfd{inherited_.lifeline.get(), POLLIN, 0}};
      if (::poll(events.data(), events.size(), -1) < 0) continue;
      if (events[0].revents != 0) return;
      log_.warn("Fuse", "the keeper died; starting another");
      if (auto started = restart(); !started.ok()) {
        log_.error("Fuse", started.error().message);
        return;
      }
    }
  }

  Status restart() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return error_from_errno(errno, "making a pipe");
    UniqueFd ours(ends[0]);
    const UniqueFd theirs(ends[1]);
    const Mount& mount = inherited_.mount;
    const std::array descriptors{mount.device.get(), mount.tree.get(), mount.state.get(),
                                 theirs.get()};
    const std::string setting = std::string(inheritance::kForKeeper) + "=" +
                                numbers_text(descriptors) + std::to_string(::getpid());
    TRY(const Process keeper,
        spawn(inherited_.keeper_program, inherited_.keeper_arguments, setting, descriptors));
    log_.info("Fuse", "a keeper took over", {{"pid", std::int64_t{keeper.pid}}});
    inherited_.lifeline = std::move(ours);
    // The one before was our child, too, if it was not the first.
    if (last_ != 0) ::waitpid(last_, nullptr, WNOHANG);
    last_ = keeper.pid;
    return {};
  }

  InheritedMount& inherited_;
  const base::Logger log_;
  const UniqueFd stop_;
  pid_t last_ = 0;
  std::jthread thread_;
};

}  // namespace

std::optional<inheritance::Adopted> inheritance::adopted() {
  const auto numbers = take(kForKeeper, 5);
  if (numbers.empty()) return std::nullopt;
  return Adopted{mount_of(numbers), UniqueFd(numbers[3]), numbers[4]};
}

Result<InheritedMount> inherit_mount() {
  const auto numbers = take(inheritance::kForDaemon, 4);
  if (numbers.empty()) return Error{ErrorCode::kNotFound, "no keeper has started this program"};
  const pid_t keeper = ::getppid();
  return InheritedMount{mount_of(numbers), UniqueFd(numbers[3]), program_of(keeper),
                        arguments_of(keeper)};
}

void wait_for_end(Session& session, const Mount& mount, const sigset_t& signals) {
  const timespec pause{0, 100'000'000};
  while (::sigtimedwait(&signals, nullptr, &pause) < 0) {
    if (!session.wait_ended(std::chrono::milliseconds(0))) continue;
    if (auto state = MountState::map(mount.state.get()); state.ok()) (*state)->finished = 1;
    return;
  }
}

Result<std::unique_ptr<KeeperWatch>> watch_keeper(InheritedMount& inherited,
                                                  const base::Logger& log) {
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  if (!stop.valid()) return error_from_errno(errno, "making an eventfd");
  return std::unique_ptr<KeeperWatch>(std::make_unique<Watch>(inherited, log, std::move(stop)));
}

}  // namespace storage_fuse
