// Who may do what: the matrix of modes and users, sticky directories, set-id bits.
#include "check.h"

namespace posix {
namespace {

constexpr gid_t kTeam = 65510;

struct Visitor {
  const char* who;
  User user;
  int shift;  // of the mode's bits that count
};
const Visitor kVisitors[] = {
    {"the owner", {65501, 65501, {}}, 6},
    {"the group", {65502, kTeam, {}}, 3},
    {"a supplementary group", {65502, 65502, {kTeam}}, 3},
    {"others", {65502, 65502, {}}, 0},
};

bool opens(const char* name, int flags) {
  const int fd = ::open(name, flags);
  if (fd < 0) SAME(errno, EACCES);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

void file_matrix(const Visitor& visitor) {
  for (unsigned bits = 0; bits < 8; ++bits) {
    // The other classes have the contrary: only the right one must count.
    const mode_t mode = (0777U & ~(7U << visitor.shift)) & ~(bits << visitor.shift);
    const mode_t wanted = (mode & ~(7U << visitor.shift)) | (bits << visitor.shift);
    chmod_to("file", wanted);
    as(visitor.user, [&] {
      SAME(opens("file", O_RDONLY), (bits & 4) != 0);
      SAME(opens("file", O_WRONLY), (bits & 2) != 0);
      SAME(opens("file", O_RDWR), (bits & 6) == 6);
      SAME(::access("file", X_OK) == 0, (bits & 1) != 0);
      SAME(::truncate("file", 1) == 0, (bits & 2) != 0);
    });
  }
}

bool creates(const char* name) {
  const int fd = ::open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);
  if (fd < 0) {
    SAME(errno, EACCES);
    return false;
  }
  OK(::close(fd));
  OK(::unlink(name));
  return true;
}

void directory_matrix(const Visitor& visitor) {
  for (unsigned bits = 0; bits < 8; ++bits) {
    chmod_to("directory", static_cast<mode_t>(bits << visitor.shift));
    as(visitor.user, [&] {
      SAME(opens("directory", O_RDONLY | O_DIRECTORY), (bits & 4) != 0);
      SAME(::access("directory/inside", F_OK) == 0, (bits & 1) != 0);
      SAME(creates("directory/new"), (bits & 3) == 3);
    });
  }
}

void add_matrix(std::vector<Check>& checks) {
  for (const Visitor& visitor : kVisitors) {
    checks.push_back({"permissions", std::string("of a file hold for ") + visitor.who,
                      [&visitor] {
                        put("file", "content");
                        OK(::chown("file", kAnn.uid, kTeam));
                        file_matrix(visitor);
                      },
                      Needs::kRoot});
    checks.push_back({"permissions", std::string("of a directory hold for ") + visitor.who,
                      [&visitor] {
                        OK(::mkdir("directory", 0755));
                        put("directory/inside", "");
                        OK(::chown("directory", kAnn.uid, kTeam));
                        directory_matrix(visitor);
                      },
                      Needs::kRoot});
  }
}

// A sticky directory of root with a file, and what `user` may do to it.
void sticky(const User& directory_owner, const User& file_owner, bool may) {
  OK(::mkdir("sticky", 0777));
  chown_to("sticky", directory_owner);
  chmod_to("sticky", 01777);
  put("sticky/file", "", 0666);
  put("sticky/other", "", 0666);
  OK(::mkdir("sticky/sub", 0777));
  for (const char* name : {"sticky/file", "sticky/other", "sticky/sub"}) chown_to(name, file_owner);
  as(kAnn, [&] {
    if (may) {
      OK(::rename("sticky/file", "sticky/renamed"));
      OK(::unlink("sticky/other"));
      OK(::rmdir("sticky/sub"));
      return;
    }
    FAILS_EITHER(EPERM, EACCES, ::rename("sticky/file", "sticky/renamed"));
    FAILS_EITHER(EPERM, EACCES, ::unlink("sticky/other"));
    FAILS_EITHER(EPERM, EACCES, ::rmdir("sticky/sub"));
    put("sticky/mine", "");
    FAILS_EITHER(EPERM, EACCES, ::rename("sticky/mine", "sticky/other"));
  });
}

void set_ids(mode_t mode, mode_t after, const std::function<void()>& change) {
  put("file", "content", 0777);
  chmod_to("file", mode);
  as(kBob, change);
  SAME(stat_of("file").st_mode & 07777, after);
}

void append_one() {
  const int fd = static_cast<int>(OK(::open("file", O_WRONLY | O_APPEND)));
  SAME(::write(fd, "x", 1), 1);
}

void add_set_ids(std::vector<Check>& checks) {
  const auto add = [&](const char* says, auto body) {
    checks.push_back({"set-id bits", says, body, Needs::kRoot});
  };
  add("are cleared by another user's write", [] { set_ids(06777, 0777, append_one); });
  add("S_ISGID stays where the group may not execute and the writer is in it", [] {
    put("file", "content", 0777);
    OK(::chown("file", static_cast<uid_t>(-1), kTeam));
    chmod_to("file", 02767);
    as({kBob.uid, kBob.gid, {kTeam}}, append_one);
    SAME(stat_of("file").st_mode & 07777, 02767U);
  });
  add("are cleared by another user's truncate",
      [] { set_ids(06777, 0777, [] { OK(::truncate("file", 3)); }); });
  add("are cleared by another user's O_TRUNC",
      [] { set_ids(06777, 0777, [] { OK(::open("file", O_WRONLY | O_TRUNC)); }); });
  add("are cleared by a write through a descriptor that was open before they were set", [] {
    put("file", "content", 0777);
    chown_to("file", kBob);
    as(kBob, [] {
      const int fd = static_cast<int>(OK(::open("file", O_WRONLY)));
      OK(::chmod("file", 04777));
      SAME(::write(fd, "x", 1), 1);
      SAME(stat_of(fd).st_mode & 07777, 0777U);
    });
  });
  add("stay when root writes", [] {
    put("file", "content", 0777);
    chmod_to("file", 06777);
    append_one();
    SAME(stat_of("file").st_mode & 07777, 06777U);
  });
}

}  // namespace

void add_permissions(std::vector<Check>& checks) {
  add_matrix(checks);
  add_set_ids(checks);
  const auto add = [&](const char* group, const char* says, auto body) {
    checks.push_back({group, says, body, Needs::kRoot});
  };
  add("sticky", "others may not remove what is not theirs", [] { sticky({}, kBob, false); });
  add("sticky", "the owner of a file may", [] { sticky({}, kAnn, true); });
  add("sticky", "the owner of the directory may", [] { sticky(kAnn, kBob, true); });
  add("directory", "without write permission cannot be changed: EACCES", [] {
    OK(::mkdir("closed", 0755));
    put("closed/file", "", 0666);
    OK(::mkdir("closed/sub", 0777));
    chmod_to(".", 0777);
    as(kBob, [] {
      put("mine", "");
      FAILS(EACCES, ::unlink("closed/file"));
      FAILS(EACCES, ::rmdir("closed/sub"));
      FAILS(EACCES, ::mkdir("closed/new", 0755));
      FAILS(EACCES, ::symlink("x", "closed/new"));
      FAILS(EACCES, ::mkfifo("closed/new", 0644));
      FAILS(EACCES, ::link("mine", "closed/new"));
      FAILS(EACCES, ::rename("mine", "closed/new"));
      FAILS(EACCES, ::rename("closed/file", "stolen"));
    });
  });
  add("directory", "that is moved elsewhere must be writable itself: EACCES", [] {
    chmod_to(".", 0777);
    for (const char* name : {"from", "to"}) {
      OK(::mkdir(name, 0777));
    }
    OK(::mkdir("from/sub", 0755));
    as(kBob, [] { FAILS(EACCES, ::rename("from/sub", "to/sub")); });
    chmod_to("from/sub", 0777);
    as(kBob, [] { OK(::rename("from/sub", "to/sub")); });
  });
  add("root", "may read and write whatever the mode, and execute only what somebody may", [] {
    put("file", "content", 0);
    OK(::open("file", O_RDWR));
    FAILS(EACCES, ::access("file", X_OK));
    chmod_to("file", 0001);
    OK(::access("file", X_OK));
  });
  add("access", "looks at the real ids", [] {
    put("file", "", 0600);
    in_child([] {
      OK(::setresuid(kBob.uid, 0, 0));
      FAILS(EACCES, ::access("file", R_OK));
      OK(::faccessat(AT_FDCWD, "file", R_OK, AT_EACCESS));
    });
  });
}

}  // namespace posix
