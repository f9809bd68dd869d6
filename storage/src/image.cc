#include "image.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace storage {
namespace {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Result;
using base::Status;
using base::UniqueFd;

constexpr std::array kMkfsPlaces = {"/usr/sbin/mkfs.btrfs", "/sbin/mkfs.btrfs",
                                    "/usr/bin/mkfs.btrfs", "/usr/local/sbin/mkfs.btrfs"};
constexpr std::size_t kMkfsTextMax = 4096;

Result<std::string> find_mkfs() {
  for (const char* place : kMkfsPlaces) {
    if (::access(place, X_OK) == 0) return std::string(place);
  }
  return Error{ErrorCode::kUnsupported,
               "volumes need mkfs.btrfs at the first start, and it is not installed; install the "
               "package btrfs-progs"};
}

// What a child writes until it ends, the first kMkfsTextMax bytes of it.
std::string read_all(int fd) {
  std::string text;
  std::array<char, 512> buffer{};
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    if (text.size() < kMkfsTextMax) text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

Result<pid_t> spawn(const std::string& program, char* const* arguments, int stderr_fd) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, stderr_fd, STDERR_FILENO);
  pid_t child = 0;
  const int failure = ::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) return error_from_errno(failure, "starting " + program);
  return child;
}

Status run_mkfs(const std::filesystem::path& image, std::string label) {
  TRY(std::string program, find_mkfs());
  std::string path = image;
  // Mixed: files and the file system's own records share all space. Apart, each takes large chunks
  // for itself, and an image full of files leaves nothing to record their removal in.
  std::array<std::string, 8> words{"-q",     "-L", std::move(label), "-m",
                                   "single", "-d", "single",         "--mixed"};
  std::array<char*, 11> arguments{program.data()};
  for (std::size_t i = 0; i < words.size(); ++i) arguments[i + 1] = words[i].data();
  arguments[words.size() + 1] = path.data();

  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return error_from_errno(errno, "making a pipe");
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  TRY(const pid_t child, spawn(program, arguments.data(), writer.get()));
  writer.reset();
  const std::string said = read_all(reader.get());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return Error{ErrorCode::kInternal, "mkfs.btrfs could not make " + path + ": " + said};
}

Status make_image(const std::filesystem::path& path, std::int64_t bytes, const std::string& label) {
  const std::filesystem::path half_made = path.string() + ".new";
  const UniqueFd fd(::open(half_made.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd.valid()) return error_from_errno(errno, "making " + half_made.string());
  if (::ftruncate(fd.get(), bytes) != 0) return error_from_errno(errno, "sizing the image");
  TRY_STATUS(run_mkfs(half_made, label));
  if (::fsync(fd.get()) != 0) return error_from_errno(errno, "writing " + half_made.string());
  if (::rename(half_made.c_str(), path.c_str()) == 0) return {};
  return error_from_errno(errno, "putting " + path.string() + " in place");
}

}  // namespace

Result<Image> open_image(const std::filesystem::path& path, std::int64_t bytes,
                         const std::string& label) {
  if (::access(path.c_str(), F_OK) != 0) TRY_STATUS(make_image(path, bytes, label));
  Image image{UniqueFd(::open(path.c_str(), O_RDWR | O_CLOEXEC)), false};
  if (!image.fd.valid()) return error_from_errno(errno, "opening " + path.string());
  struct stat info{};
  if (::fstat(image.fd.get(), &info) != 0)
    return error_from_errno(errno, "reading " + path.string());
  if (info.st_size < bytes) {
    if (::ftruncate(image.fd.get(), bytes) != 0) {
      return error_from_errno(errno, "enlarging " + path.string());
    }
    image.grown = true;
  }
  return image;
}

}  // namespace storage
