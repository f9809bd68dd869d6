#include "larder_node.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>

namespace volumes_bench {
namespace {

using namespace std::chrono_literals;
using base::Result;
using base::Status;

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  std::error_code ignored;
  for (const auto& thread :
       std::filesystem::directory_iterator("/proc/" + std::to_string(parent) + "/task", ignored)) {
    std::ifstream file(thread.path() / "children");
    for (pid_t child = 0; file >> child;) children.push_back(child);
  }
  return children;
}

Result<pid_t> spawn(std::vector<std::string> words, const Path& log) {
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::posix_spawn_file_actions_adddup2(&actions, 2, 1);
  pid_t pid = -1;
  const int failure =
      ::posix_spawn(&pid, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) return base::error_from_errno(failure, "starting " + words[0]);
  return pid;
}

std::string unique_activation() {
  static std::atomic<unsigned> number = 0;
  return "bench" + std::to_string(::getpid()) + "n" + std::to_string(++number);
}

// One volume of one attempt, mounted.
class Attempt final : public Activation {
 public:
  Attempt(Path root, std::unique_ptr<storage::OpenVolume> volume)
      : root_(std::move(root)), volume_(std::move(volume)) {}
  ~Attempt() override {
    if (mounted_) unmount();
  }

  Status mount() {
    auto parts = volume_->take_parts();
    if (parts.size() != 1)
      return base::Error{base::ErrorCode::kInternal, "a volume of several parts"};
    std::error_code failure;
    std::filesystem::create_directories(root_, failure);
    if (::move_mount(parts[0].tree.get(), "", AT_FDCWD, root_.c_str(), MOVE_MOUNT_F_EMPTY_PATH) !=
        0)
      return base::error_from_errno(errno, "mounting a volume");
    mounted_ = true;
    return {};
  }

  const Path& root() const override { return root_; }

  Status finish() override {
    unmount();
    TRY_STATUS(volume_->finish(true));
    return {};
  }

 private:
  void unmount() {
    ::umount2(root_.c_str(), MNT_DETACH);
    mounted_ = false;
    ::rmdir(root_.c_str());
  }

  const Path root_;
  std::unique_ptr<storage::OpenVolume> volume_;
  bool mounted_ = false;
};

class Larder final : public Subject {
 public:
  Larder(std::string name, Traits traits, LarderNodes nodes, hints::Volume volume)
      : Subject(std::move(name), traits), nodes_(std::move(nodes)), volume_(std::move(volume)) {}

  Result<std::unique_ptr<Activation>> begin(Node node, const std::string& name) override {
    hints::Volume volume = volume_;
    volume.name += "-" + name;
    volume.path = "/mnt/" + volume.name;
    return nodes_.at(node)->open(volume);
  }

  void interrupt() override {
    for (const auto& node : nodes_) node->kill();
  }

 private:
  const LarderNodes nodes_;
  const hints::Volume volume_;
};

}  // namespace

Result<std::unique_ptr<LarderNode>> LarderNode::start(const Path& folder, const std::string& name,
                                                      const std::vector<std::string>& settings) {
  std::filesystem::create_directories(folder / "mounts");
  std::vector<std::string> words{STORAGED_PROGRAM,
                                 "-s",
                                 "node=" + name,
                                 "-s",
                                 "directory=" + (folder / "state").native(),
                                 "-s",
                                 "socket=" + (folder / "control").native()};
  for (const auto& setting : settings) words.insert(words.end(), {"-s", setting});
  TRY(const pid_t keeper, spawn(std::move(words), folder / "log"));
  std::unique_ptr<LarderNode> node(new LarderNode(folder, keeper));
  TRY(node->client_, storage_control::ControlClient::connect({folder / "control", "bench", 30s}));
  return node;
}

LarderNode::~LarderNode() {
  client_.reset();
  ::kill(keeper_, SIGTERM);
  ::waitpid(keeper_, nullptr, 0);
}

Result<std::unique_ptr<Activation>> LarderNode::open(const hints::Volume& volume) {
  const std::string activation = unique_activation();
  TRY(auto opened, client_->open("guest", activation, volume, 0));
  auto attempt = std::make_unique<Attempt>(folder_ / "mounts" / activation, std::move(opened));
  TRY_STATUS(attempt->mount());
  return std::unique_ptr<Activation>(std::move(attempt));
}

std::vector<pid_t> LarderNode::processes() const {
  std::vector<pid_t> all{keeper_};
  std::ranges::copy(children_of(keeper_), std::back_inserter(all));
  return all;
}

void LarderNode::kill() const {
  for (const pid_t process : processes()) ::kill(process, SIGKILL);
}

std::unique_ptr<Subject> larder_subject(std::string name, Traits traits, LarderNodes nodes,
                                        hints::Volume volume) {
  return std::make_unique<Larder>(std::move(name), traits, std::move(nodes), std::move(volume));
}

}  // namespace volumes_bench
