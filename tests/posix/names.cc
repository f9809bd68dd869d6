// Names, links, and what they lead to.
#include <algorithm>
#include <climits>

#include "check.h"

namespace posix {
namespace {

std::string target_of(const char* name) {
  char target[PATH_MAX];
  const long size = OK(::readlink(name, target, sizeof target));
  return {target, static_cast<std::size_t>(size)};
}

void add_links(std::vector<Check>& checks) {
  const auto add = [&](const char* says, auto body) { checks.push_back({"link", says, body}); };
  add("gives a file a second name, and counts", [] {
    put("file", "content");
    OK(::link("file", "other"));
    SAME(stat_of("other").st_ino, stat_of("file").st_ino);
    SAME(stat_of("file").st_nlink, 2U);
    OK(::unlink("file"));
    SAME(stat_of("other").st_nlink, 1U);
    HOLDS(content_of("other") == "content");
  });
  add("what is written through one name is read through the other", [] {
    put("file", "one");
    OK(::link("file", "other"));
    put("other", "second");
    HOLDS(content_of("file") == "second");
    SAME(stat_of("file").st_size, 6);
    chmod_to("file", 0600);
    SAME(stat_of("other").st_mode & 07777, 0600U);
  });
  add("of a directory is EPERM", [] {
    OK(::mkdir("directory", 0755));
    FAILS(EPERM, ::link("directory", "other"));
  });
  add("of a symbolic link is another name of the link", [] {
    OK(::symlink("none", "link"));
    OK(::link("link", "other"));
    HOLDS(target_of("other") == "none");
    SAME(stat_of("link").st_nlink, 2U);
  });
  add("of a file without names is ENOENT", [] {
    const int fd = make("file");
    OK(::unlink("file"));
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    FAILS(ENOENT, ::linkat(AT_FDCWD, path.c_str(), AT_FDCWD, "new", AT_SYMLINK_FOLLOW));
  });
  add("and rename to another file system are EXDEV", [] {
    put("file", "");
    for (const std::string other : {"/dev/shm", "/tmp"}) {
      if (stat_of(other.c_str()).st_dev == stat_of("file").st_dev) continue;
      FAILS(EXDEV, ::link("file", (other + "/posix-suite").c_str()));
      FAILS(EXDEV, ::rename("file", (other + "/posix-suite").c_str()));
    }
  });
}

void add_unlink(std::vector<Check>& checks) {
  const auto add = [&](const char* says, auto body) { checks.push_back({"unlink", says, body}); };
  add("of a directory is EISDIR", [] {
    OK(::mkdir("directory", 0755));
    FAILS_EITHER(EISDIR, EPERM, ::unlink("directory"));
  });
  add("of a symbolic link leaves what it leads to", [] {
    put("file", "content");
    OK(::symlink("file", "link"));
    OK(::unlink("link"));
    HOLDS(content_of("file") == "content");
  });
  add("leaves an open file as it is, for who has it open", [] {
    const int fd = make("file");
    SAME(::write(fd, "content", 7), 7);
    OK(::unlink("file"));
    FAILS(ENOENT, ::access("file", F_OK));
    SAME(stat_of(fd).st_nlink, 0U);
    SAME(stat_of(fd).st_size, 7);
    SAME(::pwrite(fd, "more", 4, 7), 4);
    char bytes[11];
    SAME(::pread(fd, bytes, 11, 0), 11);
    HOLDS(std::string(bytes, 11) == "contentmore");
    OK(::ftruncate(fd, 2));
    OK(::fchmod(fd, 0600));
    SAME(stat_of(fd).st_size, 2);
    SAME(stat_of(fd).st_mode & 07777, 0600U);
  });
  add("and a new file of the name have nothing in common", [] {
    const int fd = make("file");
    SAME(::write(fd, "old", 3), 3);
    OK(::unlink("file"));
    put("file", "new one");
    char bytes[8];
    SAME(::pread(fd, bytes, 8, 0), 3);
    SAME(stat_of(fd).st_size, 3);
    HOLDS(content_of("file") == "new one");
  });
  add("of fifos and sockets works", [] {
    OK(::mkfifo("fifo", 0644));
    OK(::unlink("fifo"));
    FAILS(ENOENT, ::access("fifo", F_OK));
  });
}

void add_symlinks(std::vector<Check>& checks) {
  const auto add = [&](const char* says, auto body) { checks.push_back({"symlink", says, body}); };
  add("keeps its target byte for byte", [] {
    std::string bytes;
    for (int byte = 1; byte < 256; ++byte) bytes += static_cast<char>(byte);
    OK(::symlink(bytes.c_str(), "link"));
    HOLDS(target_of("link") == bytes);
    SAME(stat_of("link").st_size, 255);
    HOLDS(S_ISLNK(stat_of("link").st_mode));
  });
  add("may have a target of 4095 bytes, not 4096", [] {
    const std::string longest(PATH_MAX - 1, 't');
    // Not every file system keeps the longest.
    if (::symlink(longest.c_str(), "link") == 0) HOLDS(target_of("link") == longest);
    FAILS(ENAMETOOLONG, ::symlink((longest + "t").c_str(), "other"));
  });
  add("to nowhere is ENOENT to follow", [] {
    OK(::symlink("none", "link"));
    FAILS(ENOENT, ::open("link", O_RDONLY));
    FAILS(ENOENT, ::symlink("", "empty"));
  });
  add("readlink of something else is EINVAL", [] {
    put("file", "");
    char target[8];
    FAILS(EINVAL, ::readlink("file", target, sizeof target));
    FAILS(EINVAL, ::readlink(".", target, sizeof target));
  });
  add("leads through directories", [] {
    OK(::mkdir("directory", 0755));
    put("directory/file", "content");
    OK(::symlink("directory", "link"));
    HOLDS(content_of("link/file") == "content");
    HOLDS(content_of("link/../link/./file") == "content");
  });
}

}  // namespace

void add_names(std::vector<Check>& checks) {
  add_links(checks);
  add_unlink(checks);
  add_symlinks(checks);
  const auto add = [&](const char* says, auto body) { checks.push_back({"name", says, body}); };
  add("may have any byte but NUL and slash", [] {
    std::vector<std::string> names;
    for (int byte = 1; byte < 256; ++byte) {
      if (byte == '/') continue;
      names.push_back(std::string("n") + static_cast<char>(byte));
      put(names.back().c_str(), "content");
    }
    std::sort(names.begin(), names.end());
    HOLDS(listing_of(".") == names);
    for (const auto& name : names) HOLDS(content_of(name.c_str()) == "content");
  });
  add("may have 255 bytes", [] {
    const std::string name(255, 'n');
    put(name.c_str(), "content");
    HOLDS(listing_of(".").at(0) == name);
    OK(::rename(name.c_str(), std::string(255, 'm').c_str()));
    OK(::mkdir(name.c_str(), 0755));
    OK(::symlink(name.c_str(), std::string(255, 'l').c_str()));
    OK(::rmdir(name.c_str()));
  });
  add("differs by case and by bytes", [] {
    put("a", "1");
    put("A", "2");
    put("\xc3\xa4", "3");
    put("a\xcc\x88", "4");
    SAME(listing_of(".").size(), 4U);
    HOLDS(content_of("A") == "2");
  });
  add("of a path may end in slashes for directories only", [] {
    OK(::mkdir("directory//", 0755));
    put("file", "");
    FAILS(ENOTDIR, ::open("file/", O_RDONLY));
    OK(::access("directory///", F_OK));
    FAILS_EITHER(EISDIR, ENOENT, ::open("none/", O_CREAT | O_RDWR, 0644));
    FAILS_EITHER(ENOTDIR, ENOENT, ::rename("file", "renamed/"));
  });
}

}  // namespace posix
