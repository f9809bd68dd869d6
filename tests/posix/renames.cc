// rename(2) and renameat2(2).
#include <cstdio>

#include "check.h"

namespace posix {
namespace {

int rename_with(const char* from, const char* to, unsigned flags) {
  return ::renameat2(AT_FDCWD, from, AT_FDCWD, to, flags);
}

void add_over(std::vector<Check>& checks) {
  const auto add = [&](const char* says, auto body) { checks.push_back({"rename", says, body}); };
  add("keeps the file", [] {
    put("file", "content");
    const ino_t ino = stat_of("file").st_ino;
    OK(::rename("file", "renamed"));
    SAME(stat_of("renamed").st_ino, ino);
    HOLDS(content_of("renamed") == "content");
    FAILS(ENOENT, ::access("file", F_OK));
  });
  add("over a file replaces it", [] {
    put("file", "content");
    put("other", "old");
    OK(::rename("file", "other"));
    HOLDS(content_of("other") == "content");
    SAME(listing_of(".").size(), 1U);
  });
  add("over an open file leaves that to who has it open", [] {
    put("file", "content");
    const int fd = make("other");
    SAME(::write(fd, "old", 3), 3);
    OK(::rename("file", "other"));
    char bytes[8];
    SAME(::pread(fd, bytes, 8, 0), 3);
    SAME(stat_of(fd).st_nlink, 0U);
    HOLDS(content_of("other") == "content");
  });
  add("between two names of one file does nothing", [] {
    put("file", "content");
    OK(::link("file", "other"));
    OK(::rename("file", "other"));
    SAME(listing_of(".").size(), 2U);
    OK(::rename("file", "file"));
    SAME(stat_of("file").st_nlink, 2U);
  });
  add("of a directory over an empty one replaces it", [] {
    OK(::mkdir("from", 0755));
    put("from/file", "content");
    OK(::mkdir("to", 0755));
    OK(::rename("from", "to"));
    HOLDS(content_of("to/file") == "content");
    FAILS(ENOENT, ::access("from", F_OK));
  });
  add("of a directory over one with files is ENOTEMPTY", [] {
    OK(::mkdir("from", 0755));
    OK(::mkdir("to", 0755));
    put("to/file", "");
    FAILS_EITHER(ENOTEMPTY, EEXIST, ::rename("from", "to"));
  });
  add("of a file over a directory is EISDIR", [] {
    put("file", "");
    OK(::mkdir("directory", 0755));
    FAILS(EISDIR, ::rename("file", "directory"));
  });
  add("of a directory over a file is ENOTDIR", [] {
    put("file", "");
    OK(::mkdir("directory", 0755));
    FAILS(ENOTDIR, ::rename("directory", "file"));
  });
  add("over a symbolic link replaces the link", [] {
    put("file", "content");
    put("target", "safe");
    OK(::symlink("target", "link"));
    OK(::rename("file", "link"));
    HOLDS(content_of("target") == "safe");
    HOLDS(S_ISREG(stat_of("link").st_mode));
  });
}

void add_directories_moved(std::vector<Check>& checks) {
  const auto add = [&](const char* says, auto body) { checks.push_back({"rename", says, body}); };
  add("of a directory into itself is EINVAL", [] {
    OK(::mkdir("directory", 0755));
    OK(::mkdir("directory/sub", 0755));
    FAILS(EINVAL, ::rename("directory", "directory/new"));
    FAILS(EINVAL, ::rename("directory", "directory/sub/new"));
    FAILS_EITHER(ENOTEMPTY, EEXIST, ::rename("directory/sub", "directory"));
  });
  add("of dot and dot-dot is EBUSY", [] {
    OK(::mkdir("directory", 0755));
    FAILS_EITHER(EBUSY, EINVAL, ::rename("directory/.", "new"));
    FAILS_EITHER(EBUSY, EINVAL, ::rename("directory/..", "new"));
    FAILS_EITHER(EBUSY, EINVAL, ::rename("directory", "."));
  });
  add("of a directory moves its dot-dot, and the links of its parents", [] {
    OK(::mkdir("from", 0755));
    OK(::mkdir("to", 0755));
    OK(::mkdir("from/sub", 0755));
    const nlink_t before = stat_of("to").st_nlink;
    OK(::rename("from/sub", "to/sub"));
    SAME(stat_of("to/sub/..").st_ino, stat_of("to").st_ino);
    if (before == 1) return;  // this file system does not count
    SAME(stat_of("to").st_nlink, 3U);
    SAME(stat_of("from").st_nlink, 2U);
  });
  add("of a directory takes who is inside along", [] {
    OK(::mkdir("from", 0755));
    OK(::chdir("from"));
    OK(::rename("../from", "../to"));
    put("file", "content");
    HOLDS(content_of("../to/file") == "content");
  });
  add("of files in a tree leaves the rest as it is", [] {
    OK(::mkdir("a", 0755));
    OK(::mkdir("a/b", 0755));
    put("a/b/file", "content");
    OK(::rename("a/b", "b"));
    OK(::rename("a", "b/a"));
    HOLDS(content_of("b/file") == "content");
    HOLDS(listing_of("b/a").empty());
  });
}

}  // namespace

void add_renames(std::vector<Check>& checks) {
  add_over(checks);
  add_directories_moved(checks);
  const auto add = [&](const char* says, auto body) {
    checks.push_back({"renameat2", says, body});
  };
  add("RENAME_NOREPLACE of what is there is EEXIST", [] {
    put("file", "content");
    put("other", "old");
    FAILS(EEXIST, rename_with("file", "other", RENAME_NOREPLACE));
    HOLDS(content_of("other") == "old");
    OK(rename_with("file", "new", RENAME_NOREPLACE));
    HOLDS(content_of("new") == "content");
  });
  add("RENAME_EXCHANGE exchanges files", [] {
    put("file", "1");
    put("other", "2");
    OK(rename_with("file", "other", RENAME_EXCHANGE));
    HOLDS(content_of("file") == "2" && content_of("other") == "1");
  });
  add("RENAME_EXCHANGE exchanges a file and a directory", [] {
    put("file", "content");
    OK(::mkdir("d", 0755));
    OK(::mkdir("d/directory", 0755));
    put("d/directory/inside", "");
    const nlink_t before = stat_of("d").st_nlink;
    OK(rename_with("file", "d/directory", RENAME_EXCHANGE));
    HOLDS(content_of("d/directory") == "content");
    OK(::access("file/inside", F_OK));
    if (before != 1) SAME(stat_of("d").st_nlink, 2U);
  });
  add("RENAME_EXCHANGE with what is not there is ENOENT", [] {
    put("file", "");
    FAILS(ENOENT, rename_with("file", "none", RENAME_EXCHANGE));
  });
  add("RENAME_EXCHANGE with a directory above is EINVAL", [] {
    OK(::mkdir("a", 0755));
    OK(::mkdir("a/b", 0755));
    FAILS(EINVAL, rename_with("a", "a/b", RENAME_EXCHANGE));
  });
  add("both flags at once are EINVAL", [] {
    put("a", "");
    put("b", "");
    FAILS(EINVAL, rename_with("a", "b", RENAME_EXCHANGE | RENAME_NOREPLACE));
  });
}

}  // namespace posix
