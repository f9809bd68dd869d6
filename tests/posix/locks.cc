// Locks between processes.
#include <sys/file.h>
#include <sys/wait.h>

#include "check.h"

namespace posix {
namespace {

int lock(int fd, int command, short type, off_t start = 0, off_t length = 0) {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  return ::fcntl(fd, command, &lock);
}

int open_file() { return static_cast<int>(OK(::open("file", O_RDWR | O_CREAT, 0644))); }

}  // namespace

void add_locks(std::vector<Check>& checks) {
  const auto add = [&](const char* group, const char* says, auto body) {
    checks.push_back({group, says, body});
  };
  add("fcntl lock", "keeps others out of its range only", [] {
    OK(lock(open_file(), F_SETLK, F_WRLCK, 0, 10));
    in_child([] {
      const int fd = open_file();
      FAILS_EITHER(EAGAIN, EACCES, lock(fd, F_SETLK, F_RDLCK, 5, 1));
      FAILS_EITHER(EAGAIN, EACCES, lock(fd, F_SETLK, F_WRLCK));
      OK(lock(fd, F_SETLK, F_WRLCK, 10, 10));
    });
  });
  add("fcntl lock", "for reading is shared", [] {
    OK(lock(open_file(), F_SETLK, F_RDLCK));
    in_child([] {
      const int fd = open_file();
      OK(lock(fd, F_SETLK, F_RDLCK));
      FAILS_EITHER(EAGAIN, EACCES, lock(fd, F_SETLK, F_WRLCK));
    });
  });
  add("fcntl lock", "ends when its process closes any descriptor of the file", [] {
    OK(lock(open_file(), F_SETLK, F_WRLCK));
    OK(::close(open_file()));
    in_child([] { OK(lock(open_file(), F_SETLK, F_WRLCK)); });
  });
  add("fcntl lock", "tells who holds it", [] {
    OK(lock(open_file(), F_SETLK, F_WRLCK, 3, 4));
    const pid_t holder = ::getpid();
    in_child([holder] {
      struct flock lock{};
      lock.l_type = F_WRLCK;
      lock.l_whence = SEEK_SET;
      OK(::fcntl(open_file(), F_GETLK, &lock));
      SAME(lock.l_type, F_WRLCK);
      SAME(lock.l_start, 3);
      SAME(lock.l_len, 4);
      SAME(lock.l_pid, holder);
    });
  });
  add("fcntl lock", "that is waited for comes when it is free", [] {
    const int fd = open_file();
    OK(lock(fd, F_SETLK, F_WRLCK));
    const pid_t child = static_cast<pid_t>(OK(::fork()));
    if (child == 0) ::_exit(lock(open_file(), F_SETLKW, F_WRLCK) == 0 ? 0 : errno);
    OK(lock(fd, F_SETLK, F_UNLCK));
    int status = 0;
    OK(::waitpid(child, &status, 0));
    SAME(status, 0);
  });
  add("open file description lock", "belongs to the description", [] {
    const int one = open_file(), two = open_file();
    OK(lock(one, F_OFD_SETLK, F_WRLCK));
    FAILS_EITHER(EAGAIN, EACCES, lock(two, F_OFD_SETLK, F_WRLCK));
    OK(::close(one));
    OK(lock(two, F_OFD_SETLK, F_WRLCK));
  });
  add("flock", "is exclusive or shared, between descriptions", [] {
    const int one = open_file(), two = open_file(), three = open_file();
    OK(::flock(one, LOCK_SH));
    OK(::flock(two, LOCK_SH));
    FAILS(EWOULDBLOCK, ::flock(three, LOCK_EX | LOCK_NB));
    OK(::flock(one, LOCK_UN));
    OK(::close(two));
    OK(::flock(three, LOCK_EX | LOCK_NB));
  });
  add("flock", "is kept by a child that has the description", [] {
    const int one = open_file(), two = open_file();
    OK(::flock(one, LOCK_EX));
    in_child([two] { FAILS(EWOULDBLOCK, ::flock(two, LOCK_EX | LOCK_NB)); });
  });
}

}  // namespace posix
