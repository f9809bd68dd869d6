#include "check.h"

#include <dirent.h>
#include <grp.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <iostream>

namespace posix {

std::vector<Check> all_checks() {
  std::vector<Check> checks;
  for (auto* add : {add_path_errors, add_opening, add_owners, add_permissions, add_times, add_names,
                    add_renames, add_directories, add_data, add_attributes, add_locks}) {
    add(checks);
  }
  return checks;
}

std::string show(int error) {
  const char* name = ::strerrorname_np(error);
  return name == nullptr ? std::to_string(error) : name;
}

void fail(const char* file, int line, const std::string& text) {
  const std::string where = std::filesystem::path(file).filename().string();
  throw Failure{where + ":" + std::to_string(line) + ": " + text};
}

long must(long result, const char* call, const char* file, int line) {
  if (result == -1) fail(file, line, std::string(call) + " failed with " + show(errno));
  return result;
}

void must_fail(long result, int expected, int or_else, const char* call, const char* file,
               int line) {
  const int error = errno;
  if (result != -1) fail(file, line, std::string(call) + " worked, not " + show(expected));
  if (error == expected || error == or_else) return;
  fail(file, line, std::string(call) + " failed with " + show(error) + ", not " + show(expected));
}

void must_be(bool holds, const char* condition, const char* file, int line) {
  if (!holds) fail(file, line, std::string("not ") + condition);
}

void must_be_same(long long left, long long right, const char* condition, const char* file,
                  int line) {
  if (left == right) return;
  fail(file, line,
       std::string("not ") + condition + ": " + std::to_string(left) + " and " +
           std::to_string(right));
}

void in_child(const std::function<void()>& body) {
  std::array<int, 2> pipe{};
  OK(::pipe2(pipe.data(), O_CLOEXEC));
  const pid_t child = static_cast<pid_t>(OK(::fork()));
  if (child == 0) {
    ::close(pipe[0]);
    try {
      body();
    } catch (const Failure& failure) {
      static_cast<void>(!::write(pipe[1], failure.text.data(), failure.text.size()));
    }
    ::_exit(0);
  }
  ::close(pipe[1]);
  std::string text;
  std::array<char, 512> buffer{};
  ssize_t size = 0;
  while ((size = ::read(pipe[0], buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  ::close(pipe[0]);
  int status = 0;
  OK(::waitpid(child, &status, 0));
  if (status != 0) text += " (ended with status " + std::to_string(status) + ")";
  if (!text.empty()) throw Failure{text};
}

void as(const User& user, const std::function<void()>& body) {
  in_child([&] {
    OK(::setgroups(user.groups.size(), user.groups.data()));
    OK(::setresgid(user.gid, user.gid, user.gid));
    OK(::setresuid(user.uid, user.uid, user.uid));
    body();
  });
}

int make(const char* name, mode_t mode) {
  return static_cast<int>(OK(::open(name, O_RDWR | O_CREAT | O_EXCL, mode)));
}

void put(const char* name, const std::string& content, mode_t mode) {
  const int fd = static_cast<int>(OK(::open(name, O_WRONLY | O_CREAT | O_TRUNC, mode)));
  SAME(::write(fd, content.data(), content.size()), content.size());
  OK(::close(fd));
}

std::string content_of(const char* name) {
  const int fd = static_cast<int>(OK(::open(name, O_RDONLY)));
  std::string content;
  std::array<char, 4096> buffer{};
  long size = 0;
  while ((size = OK(::read(fd, buffer.data(), buffer.size()))) > 0) {
    content.append(buffer.data(), static_cast<std::size_t>(size));
  }
  OK(::close(fd));
  return content;
}

struct stat stat_of(const char* name) {
  struct stat stat{};
  if (::lstat(name, &stat) != 0) {
    fail(__FILE__, __LINE__, std::string("lstat of ") + name + ": " + show(errno));
  }
  return stat;
}

struct stat stat_of(int fd) {
  struct stat stat{};
  OK(::fstat(fd, &stat));
  return stat;
}

std::vector<std::string> listing_of(const char* directory) {
  DIR* stream = ::opendir(directory);
  HOLDS(stream != nullptr);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(stream);
  std::ranges::sort(names);
  return names;
}

// Two ticks: on a busy machine this process may see one later than the file system did.
void let_time_pass() {
  timespec before{}, now{};
  for (int ticks = 0; ticks < 2; ++ticks) {
    ::clock_gettime(CLOCK_REALTIME_COARSE, &before);
    do {
      ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    } while (now.tv_sec == before.tv_sec && now.tv_nsec == before.tv_nsec);
  }
}

void chmod_to(const char* name, mode_t mode) { OK(::chmod(name, mode)); }
void chown_to(const char* name, const User& user) { OK(::lchown(name, user.uid, user.gid)); }
bool is_root() { return ::geteuid() == 0; }

}  // namespace posix
