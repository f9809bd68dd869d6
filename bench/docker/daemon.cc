#include "daemon.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace bench {
namespace {

// NOLINTNEXTLINE(concurrency-mt-unsafe): the benchmark's other threads touch no environment
bool shell(const std::string& command) { return std::system(command.c_str()) == 0; }

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

Daemon::Daemon() {
  char path[] = "/tmp/larder-bench-XXXXXX";
  if (mkdtemp(path) == nullptr) {
    reason_ = "there is no place in /tmp";
    return;
  }
  folder_ = std::string(path) + "/docker";
  const bool started =
      shell(LARDER_TREE "/tests/services/docker start " + folder_ + " >/dev/null 2>&1");
  socket_ = first_line(folder_ + "/address");
  reason_ = first_line(folder_ + "/reason");
  if (!started && reason_.empty()) reason_ = "the daemon did not start";
  if (!reason_.empty()) return;
  if (!shell("DOCKER=/usr/bin/docker DOCKER_HOST=unix://" + socket_ +
             " LARDER_PROXY=" LARDER_PROXY " " LARDER_TREE "/docker/runtimes/build.sh native " +
             kImage + " larder-base >/dev/null 2>&1"))
    reason_ = "the image could not be built";
}

Daemon::~Daemon() {
  if (folder_.empty()) return;
  shell(LARDER_TREE "/tests/services/docker stop " + folder_ + " >/dev/null 2>&1");
  std::error_code ignored;
  std::filesystem::remove_all(std::filesystem::path(folder_).parent_path(), ignored);
}

bool Daemon::docker(const std::string& words) const {
  return shell("/usr/bin/docker -H unix://" + socket_ + " " + words + " >/dev/null 2>&1");
}

}  // namespace bench
