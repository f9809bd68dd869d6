// open(2) and creat.
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cstring>

#include "check.h"

namespace posix {
namespace {

void bind_socket(const char* name) {
  const int fd = static_cast<int>(OK(::socket(AF_UNIX, SOCK_STREAM, 0)));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, name, sizeof address.sun_path - 1);
  OK(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address));
}

void copy_program(const char* name) {
  const int from = static_cast<int>(OK(::open("/bin/sleep", O_RDONLY)));
  const int to = make(name, 0755);
  char buffer[65536];
  for (long size = 0; (size = OK(::read(from, buffer, sizeof buffer))) > 0;) {
    OK(::write(to, buffer, static_cast<std::size_t>(size)));
  }
  OK(::close(to));
  OK(::close(from));
}

pid_t start(const char* program) {
  int ready[2];
  OK(::pipe2(ready, O_CLOEXEC));
  const pid_t child = static_cast<pid_t>(OK(::fork()));
  if (child == 0) {
    ::execl(program, program, "100", nullptr);
    ::_exit(errno);
  }
  ::close(ready[1]);
  char nothing = 0;
  OK(::read(ready[0], &nothing, 1));  // the end of the pipe: exec is done
  return child;
}

int stop(pid_t child) {
  ::kill(child, SIGKILL);
  int status = 0;
  OK(::waitpid(child, &status, 0));
  return status;
}

}  // namespace

void add_opening(std::vector<Check>& checks) {
  const char* const group = "open";
  const auto add = [&](const char* says, auto body) { checks.push_back({group, says, body}); };
  add("O_EXCL of what is there is EEXIST", [] {
    put("file", "");
    FAILS(EEXIST, ::open("file", O_CREAT | O_EXCL | O_RDWR, 0644));
  });
  add("O_EXCL of a dangling symbolic link is EEXIST", [] {
    OK(::symlink("none", "link"));
    FAILS(EEXIST, ::open("link", O_CREAT | O_EXCL | O_RDWR, 0644));
    FAILS(ENOENT, ::access("none", F_OK));
  });
  add("O_CREAT through a dangling symbolic link makes its target", [] {
    OK(::symlink("target", "link"));
    OK(::close(static_cast<int>(OK(::open("link", O_CREAT | O_RDWR, 0600)))));
    SAME(stat_of("target").st_mode, S_IFREG | 0600);
  });
  add("O_CREAT of what is there changes nothing", [] {
    put("file", "content", 0640);
    OK(::open("file", O_CREAT | O_RDWR, 0777));
    SAME(stat_of("file").st_mode, S_IFREG | 0640);
    HOLDS(content_of("file") == "content");
  });
  add("O_NOFOLLOW of a symbolic link is ELOOP", [] {
    put("file", "");
    OK(::symlink("file", "link"));
    FAILS(ELOOP, ::open("link", O_RDONLY | O_NOFOLLOW));
  });
  add("O_DIRECTORY of a file is ENOTDIR", [] {
    put("file", "");
    FAILS(ENOTDIR, ::open("file", O_RDONLY | O_DIRECTORY));
  });
  add("a directory for writing is EISDIR", [] {
    OK(::mkdir("directory", 0755));
    FAILS(EISDIR, ::open("directory", O_WRONLY));
    FAILS(EISDIR, ::open("directory", O_RDWR));
    FAILS(EISDIR, ::open("directory", O_RDONLY | O_CREAT, 0644));
  });
  add("the umask takes bits from the mode", [] {
    ::umask(027);
    OK(::close(make("file", 0777)));
    OK(::mkdir("directory", 0777));
    OK(::mkfifo("fifo", 0666));
    SAME(stat_of("file").st_mode & 07777, 0750U);
    SAME(stat_of("directory").st_mode & 07777, 0750U);
    SAME(stat_of("fifo").st_mode & 07777, 0640U);
  });
  add("a file of mode 0 can be written by who made it", [] {
    const int fd = make("file", 0);
    SAME(::write(fd, "content", 7), 7);
    SAME(stat_of("file").st_size, 7);
  });
  add("O_TRUNC empties the file", [] {
    put("file", "content");
    OK(::open("file", O_WRONLY | O_TRUNC));
    SAME(stat_of("file").st_size, 0);
  });
  add("O_APPEND writes at the end, whatever others did", [] {
    put("file", "");
    const int one = static_cast<int>(OK(::open("file", O_WRONLY | O_APPEND)));
    const int two = static_cast<int>(OK(::open("file", O_WRONLY | O_APPEND)));
    for (int i = 0; i < 3; ++i) {
      OK(::write(one, "a", 1));
      OK(::write(two, "b", 1));
    }
    HOLDS(content_of("file") == "ababab");
  });
  add("O_APPEND from processes at once loses nothing", [] {
    put("file", "");
    const pid_t child = static_cast<pid_t>(OK(::fork()));
    const int fd = static_cast<int>(OK(::open("file", O_WRONLY | O_APPEND)));
    for (int i = 0; i < 1000; ++i) OK(::write(fd, child == 0 ? "a" : "b", 1));
    if (child == 0) ::_exit(0);
    int status = 0;
    OK(::waitpid(child, &status, 0));
    SAME(stat_of("file").st_size, 2000);
  });
  add("O_TMPFILE has no name until it is linked", [] {
    const int fd = ::open(".", O_TMPFILE | O_RDWR, 0600);
    if (fd < 0 && errno == EOPNOTSUPP) return;
    OK(fd);
    SAME(stat_of(fd).st_nlink, 0U);
    HOLDS(listing_of(".").empty());
    SAME(::write(fd, "content", 7), 7);
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    OK(::linkat(AT_FDCWD, path.c_str(), AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    SAME(stat_of("named").st_nlink, 1U);
    HOLDS(content_of("named") == "content");
  });
  add("a fifo without readers is ENXIO", [] {
    OK(::mkfifo("fifo", 0644));
    FAILS(ENXIO, ::open("fifo", O_WRONLY | O_NONBLOCK));
  });
  add("a fifo carries bytes", [] {
    OK(::mkfifo("fifo", 0644));
    const int reader = static_cast<int>(OK(::open("fifo", O_RDONLY | O_NONBLOCK)));
    const int writer = static_cast<int>(OK(::open("fifo", O_WRONLY)));
    SAME(::write(writer, "ab", 2), 2);
    char bytes[2];
    SAME(::read(reader, bytes, 2), 2);
  });
  add("a socket is ENXIO, and is one", [] {
    bind_socket("socket");
    FAILS(ENXIO, ::open("socket", O_RDWR));
    HOLDS(S_ISSOCK(stat_of("socket").st_mode));
  });
  add("a running program is ETXTBSY for writing", [] {
    copy_program("program");
    const pid_t child = start("./program");
    const int fd = ::open("program", O_WRONLY);
    const int error = errno;
    const int status = stop(child);
    HOLDS(WIFSIGNALED(status));
    HOLDS(fd < 0);
    SAME(error, ETXTBSY);
  });
  add("a file open for writing cannot be executed: ETXTBSY", [] {
    copy_program("program");
    const int writer = static_cast<int>(OK(::open("program", O_WRONLY)));
    const pid_t child = static_cast<pid_t>(OK(::fork()));
    if (child == 0) {
      ::execl("./program", "program", "0", nullptr);
      ::_exit(errno);
    }
    int status = 0;
    OK(::waitpid(child, &status, 0));
    SAME(WEXITSTATUS(status), ETXTBSY);
    OK(::close(writer));
  });
  add("a file without execute permission is EACCES to exec", [] {
    put("program", "#!/bin/true\n", 0644);
    FAILS(EACCES, ::execl("./program", "program", nullptr));
  });
  add("descriptors of one file share it, not their offsets", [] {
    const int one = make("file");
    const int two = static_cast<int>(OK(::open("file", O_RDWR)));
    SAME(::write(one, "abc", 3), 3);
    char bytes[3];
    SAME(::read(two, bytes, 3), 3);
    SAME(::lseek(two, 0, SEEK_CUR), 3);
    SAME(stat_of(one).st_ino, stat_of(two).st_ino);
  });
  add("a descriptor for reading does not write, nor one for writing read", [] {
    put("file", "content");
    const int reader = static_cast<int>(OK(::open("file", O_RDONLY)));
    const int writer = static_cast<int>(OK(::open("file", O_WRONLY)));
    char byte = 'x';
    FAILS(EBADF, ::write(reader, &byte, 1));
    FAILS(EBADF, ::read(writer, &byte, 1));
    FAILS_EITHER(EINVAL, EBADF, ::ftruncate(reader, 0));
  });
  add("reading a directory as a file is EISDIR", [] {
    OK(::mkdir("directory", 0755));
    const int fd = static_cast<int>(OK(::open("directory", O_RDONLY)));
    char byte = 0;
    FAILS(EISDIR, ::read(fd, &byte, 1));
  });
}

}  // namespace posix
