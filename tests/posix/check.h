// A check of what POSIX and Linux's manual pages promise of a file system. Each runs in a process
// of its own, in an empty directory of the file system under test as its working directory, with
// umask 0, so it names files plainly and changes its ids as it likes.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

namespace posix {

enum class Needs { kNothing, kRoot };

struct Check {
  std::string group;
  std::string says;  // a sentence that is true of a right file system
  std::function<void()> body;
  Needs needs = Needs::kNothing;  // kRoot: cannot run as an ordinary user
};

// All there are. Called once.
std::vector<Check> all_checks();
void add_path_errors(std::vector<Check>& checks);
void add_opening(std::vector<Check>& checks);
void add_owners(std::vector<Check>& checks);
void add_permissions(std::vector<Check>& checks);
void add_times(std::vector<Check>& checks);
void add_names(std::vector<Check>& checks);
void add_renames(std::vector<Check>& checks);
void add_directories(std::vector<Check>& checks);
void add_data(std::vector<Check>& checks);
void add_attributes(std::vector<Check>& checks);
void add_locks(std::vector<Check>& checks);

struct Failure {
  std::string text;
};
[[noreturn]] void fail(const char* file, int line, const std::string& text);
std::string show(int error);  // its name

// `result` of `call` is not -1.
long must(long result, const char* call, const char* file, int line);
// `result` of `call` is -1, and errno `expected` (or `or_else`).
void must_fail(long result, int expected, int or_else, const char* call, const char* file,
               int line);
void must_be(bool holds, const char* condition, const char* file, int line);
void must_be_same(long long left, long long right, const char* condition, const char* file,
                  int line);

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};
inline const User kAnn{65501, 65501, {}};
inline const User kBob{65502, 65502, {}};

// Runs `body` in a process of that user; its failure is ours.
void as(const User& user, const std::function<void()>& body);
// Runs `body` in another process of the same user.
void in_child(const std::function<void()>& body);

// Small helpers; each fails the check when it cannot.
int make(const char* name, mode_t mode = 0644);  // an open file
void put(const char* name, const std::string& content, mode_t mode = 0644);
std::string content_of(const char* name);
struct stat stat_of(const char* name);  // not through a symbolic link
struct stat stat_of(int fd);
std::vector<std::string> listing_of(const char* directory);
void let_time_pass();  // until the clock of time stamps has moved on
void chmod_to(const char* name, mode_t mode);
void chown_to(const char* name, const User& user);
bool is_root();

}  // namespace posix

#define OK(call) ::posix::must((call), #call, __FILE__, __LINE__)
#define FAILS(error, call) ::posix::must_fail((call), error, error, #call, __FILE__, __LINE__)
#define FAILS_EITHER(error, other, call) \
  ::posix::must_fail((call), error, other, #call, __FILE__, __LINE__)
#define HOLDS(condition) ::posix::must_be((condition), #condition, __FILE__, __LINE__)
#define SAME(left, right)                                                            \
  ::posix::must_be_same(static_cast<long long>(left), static_cast<long long>(right), \
                        #left " == " #right, __FILE__, __LINE__)
