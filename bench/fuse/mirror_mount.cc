#include "mirror_mount.h"

#include <spawn.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

namespace {

dev_t device_of(const std::filesystem::path& path) {
  struct stat stat{};
  return ::stat(path.c_str(), &stat) == 0 ? stat.st_dev : 0;
}

}  // namespace

MirrorMount::MirrorMount(std::filesystem::path place, const std::vector<std::string>& options)
    : place_(std::move(place)) {
  std::filesystem::create_directories(native());
  std::filesystem::create_directories(mounted());
  std::vector<std::string> arguments{MIRROR_PROGRAM, "keep",      native(),          "--at",
                                     mounted(),      "--journal", place_ / "journal"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const dev_t before = device_of(mounted());
  if (::posix_spawn(&keeper_, MIRROR_PROGRAM, nullptr, nullptr, pointers.data(), environ) != 0) {
    std::cerr << "cannot start " MIRROR_PROGRAM "\n";
    std::_Exit(1);
  }
  while (device_of(mounted()) == before) {
    if (::waitpid(keeper_, nullptr, WNOHANG) == 0) continue;
    std::cerr << "the mount did not come up\n";
    std::_Exit(1);
  }
}

MirrorMount::~MirrorMount() {
  ::umount2(mounted().c_str(), MNT_DETACH);
  ::kill(keeper_, SIGTERM);
  ::waitpid(keeper_, nullptr, 0);
  std::filesystem::remove_all(place_);
}
