#include "node.h"

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <sstream>

#include "base/check.h"
#include "storage_fuse/mount.h"
#include "testing/eventually.h"

namespace storaged_test {
namespace {

using namespace std::chrono_literals;

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  const std::string task = "/proc/" + std::to_string(parent) + "/task";
  std::error_code ignored;
  for (const auto& thread : std::filesystem::directory_iterator(task, ignored)) {
    std::ifstream file(thread.path() / "children");
    for (pid_t child = 0; file >> child;) children.push_back(child);
  }
  return children;
}

}  // namespace

std::string no_mounts_here() {
  if (::geteuid() != 0) return "mounts need root";
  const auto mount = storage_fuse::make_mount({});
  return mount ? "" : mount.error().message;
}

Node::Node(const std::filesystem::path& folder, std::vector<std::string> settings, std::string name)
    : folder_(folder) {
  settings.insert(settings.begin(),
                  {"node=" + name, "directory=" + (folder / "state").native(),
                   "socket=" + (folder / "control").native(), "log.format=logfmt"});
  std::vector<std::string> words{STORAGED_PROGRAM};
  for (const auto& setting : settings) {
    words.emplace_back("-s");
    words.push_back(setting);
  }
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  CHECK(::posix_spawn(&keeper_, STORAGED_PROGRAM, nullptr, nullptr, arguments.data(), environ) ==
        0);
}

Node::~Node() { stop(); }

void Node::stop() {
  if (keeper_ < 0) return;
  ::kill(keeper_, SIGTERM);
  ::waitpid(keeper_, nullptr, 0);
  keeper_ = -1;
}

std::unique_ptr<storage_control::ControlClient> Node::client(const std::string& name) const {
  auto client = storage_control::ControlClient::connect({folder_ / "control", name, 30s});
  CHECK(client.ok());
  return *std::move(client);
}

pid_t Node::daemon() const {
  const auto children = children_of(keeper_);
  return children.empty() ? -1 : children.front();
}

void Node::kill_daemon() const {
  const pid_t old = daemon();
  CHECK(old > 0);
  ::kill(old, SIGKILL);
  CHECK(testing_support::eventually([&] { return daemon() > 0 && daemon() != old; }));
  CHECK(client("")->ask(storage_control::Metrics{}).ok());
}

Use::Use(storage::VolumeProvider& provider, const std::string& activation,
         const hints::Volume& volume) {
  auto opened = provider.open("guest", activation, volume, 0);
  if (!opened) {
    error_ = std::move(opened).error();
    return;
  }
  volume_ = *std::move(opened);
  auto parts = volume_->take_parts();
  CHECK(parts.size() == 1);
  tree_ = std::move(parts[0].tree);
}

base::Result<storage::VolumeReport> Use::finish(bool succeeded) {
  tree_.reset();
  return volume_->finish(succeeded);
}

void Use::drop() {
  tree_.reset();
  volume_.reset();
}

bool Use::write(const std::string& path, const std::string& text, int flags) const {
  const base::UniqueFd file(
      ::openat(root(), path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | flags, 0644));
  if (!file.valid()) return false;
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(file.get(), rest.data(), rest.size());
    if (written < 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::optional<std::string> Use::read(const std::string& path) const {
  const base::UniqueFd file(::openat(root(), path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return std::nullopt;
  std::string text, buffer(1 << 16, '\0');
  while (true) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0) return std::nullopt;
    if (got == 0) return text;
    text.append(buffer, 0, static_cast<std::size_t>(got));
  }
}

std::vector<std::string> Use::list(const std::string& path) const {
  std::vector<std::string> names;
  const int fd = ::openat(root(), path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const directory = fd < 0 ? nullptr : ::fdopendir(fd);
  if (directory == nullptr) return {"errno " + std::to_string(errno)};
  errno = 0;
  while (const dirent* const entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  // Its error is nothing but a name less.
  if (errno != 0) names = {"errno " + std::to_string(errno)};
  ::closedir(directory);
  std::ranges::sort(names);
  return names;
}

hints::Volume volume_of(const std::string& name) {
  hints::Volume volume;
  volume.name = name;
  volume.path = "/mnt/" + name;
  return volume;
}

hints::Volume volume_with_parts(const std::string& name, hints::Lifetime::Kind lifetime) {
  hints::Volume volume = volume_of(name);
  volume.rules = {{"*.part", hints::Tier::kEphemeral}};
  volume.lifetime.kind = lifetime;
  return volume;
}

}  // namespace storaged_test
