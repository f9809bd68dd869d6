// To whom new files belong, and who may give them away.
#include <sys/sysmacros.h>

#include "check.h"

namespace posix {
namespace {

constexpr gid_t kTeam = 65510;

struct Maker {
  const char* what;
  void (*make)(const char* name);
};

const Maker kMakers[] = {
    {"file", [](const char* name) { OK(::close(make(name, 0644))); }},
    {"directory", [](const char* name) { OK(::mkdir(name, 0755)); }},
    {"symbolic link", [](const char* name) { OK(::symlink("target", name)); }},
    {"fifo", [](const char* name) { OK(::mkfifo(name, 0644)); }},
    {"regular node", [](const char* name) { OK(::mknod(name, S_IFREG | 0644, 0)); }},
};

void add_for_makers(std::vector<Check>& checks) {
  for (const Maker& maker : kMakers) {
    checks.push_back({"owner", std::string("of a new ") + maker.what + " is who made it",
                      [&maker] {
                        chmod_to(".", 0777);
                        as(kBob, [&] { maker.make("new"); });
                        SAME(stat_of("new").st_uid, kBob.uid);
                        SAME(stat_of("new").st_gid, kBob.gid);
                      },
                      Needs::kRoot});
    checks.push_back({"owner",
                      std::string("group of a new ") + maker.what + " is a set-gid directory's",
                      [&maker] {
                        OK(::chown(".", static_cast<uid_t>(-1), kTeam));
                        chmod_to(".", 02777);
                        as(kBob, [&] { maker.make("new"); });
                        const auto made = stat_of("new");
                        SAME(made.st_uid, kBob.uid);
                        SAME(made.st_gid, kTeam);
                        SAME((made.st_mode & S_ISGID) != 0, S_ISDIR(made.st_mode));
                      },
                      Needs::kRoot});
  }
}

}  // namespace

void add_owners(std::vector<Check>& checks) {
  add_for_makers(checks);
  const auto add = [&](const char* group, const char* says, auto body) {
    checks.push_back({group, says, body, Needs::kRoot});
  };
  add("owner", "O_CREAT of what is there does not change it", [] {
    put("file", "", 0666);
    as(kBob, [] { OK(::open("file", O_CREAT | O_RDWR, 0600)); });
    SAME(stat_of("file").st_uid, 0U);
  });
  add("owner", "of an O_TMPFILE is who made it", [] {
    chmod_to(".", 0777);
    as(kBob, [] {
      const int fd = ::open(".", O_TMPFILE | O_RDWR, 0600);
      if (fd < 0 && errno == EOPNOTSUPP) return;
      OK(fd);
      SAME(stat_of(fd).st_uid, kBob.uid);
    });
  });
  add("chown", "root changes both, and -1 changes nothing", [] {
    put("file", "");
    chown_to("file", kAnn);
    SAME(stat_of("file").st_uid, kAnn.uid);
    SAME(stat_of("file").st_gid, kAnn.gid);
    OK(::chown("file", static_cast<uid_t>(-1), kBob.gid));
    SAME(stat_of("file").st_uid, kAnn.uid);
    OK(::chown("file", kBob.uid, static_cast<gid_t>(-1)));
    SAME(stat_of("file").st_uid, kBob.uid);
    SAME(stat_of("file").st_gid, kBob.gid);
  });
  add("chown", "the owner may not give a file away: EPERM", [] {
    put("file", "");
    chown_to("file", kAnn);
    as(kAnn, [] { FAILS(EPERM, ::chown("file", kBob.uid, static_cast<gid_t>(-1))); });
  });
  add("chown", "the owner may choose among his groups, no others", [] {
    put("file", "");
    chown_to("file", kAnn);
    as({kAnn.uid, kAnn.gid, {kTeam}}, [] {
      OK(::chown("file", static_cast<uid_t>(-1), kTeam));
      FAILS(EPERM, ::chown("file", static_cast<uid_t>(-1), kBob.gid));
    });
    SAME(stat_of("file").st_gid, kTeam);
  });
  add("chown", "others may nothing: EPERM", [] {
    put("file", "", 0777);
    as(kBob, [] { FAILS(EPERM, ::chown("file", static_cast<uid_t>(-1), kBob.gid)); });
  });
  add("chown", "lchown changes the link, chown what it leads to", [] {
    put("file", "");
    OK(::symlink("file", "link"));
    OK(::lchown("link", kAnn.uid, kAnn.gid));
    OK(::chown("link", kBob.uid, kBob.gid));
    SAME(stat_of("link").st_uid, kAnn.uid);
    SAME(stat_of("file").st_uid, kBob.uid);
  });
  add("chown", "clears set-id bits, but not those of directories", [] {
    put("file", "", 0777);
    chmod_to("file", 06777);
    OK(::mkdir("directory", 0777));
    chmod_to("directory", 02777);
    chown_to("file", kAnn);
    chown_to("directory", kAnn);
    SAME(stat_of("file").st_mode & 07777, 0777U);
    SAME(stat_of("directory").st_mode & 07777, 02777U);
  });
  add("chmod", "only the owner and root may: EPERM", [] {
    put("file", "", 0666);
    as(kBob, [] { FAILS(EPERM, ::chmod("file", 0600)); });
    chown_to("file", kBob);
    as(kBob, [] { OK(::chmod("file", 0600)); });
    SAME(stat_of("file").st_mode & 07777, 0600U);
  });
  add("chmod", "of who is not in the file's group takes S_ISGID", [] {
    put("file", "", 0755);
    OK(::chown("file", kAnn.uid, kTeam));
    as(kAnn, [] { OK(::chmod("file", 02755)); });
    SAME(stat_of("file").st_mode & 07777, 0755U);
    as({kAnn.uid, kAnn.gid, {kTeam}}, [] { OK(::chmod("file", 02755)); });
    SAME(stat_of("file").st_mode & 07777, 02755U);
  });
  checks.push_back({"chmod", "sets all twelve bits, of files and directories", [] {
                      put("file", "");
                      OK(::mkdir("directory", 0755));
                      for (const mode_t mode : {0U, 0777U, 04755U, 02755U, 06711U, 0640U}) {
                        chmod_to("file", mode);
                        chmod_to("directory", mode | 0700);
                        SAME(stat_of("file").st_mode & 07777, mode);
                        SAME(stat_of("directory").st_mode & 07777, mode | 0700);
                      }
                      chmod_to("directory", 01777);
                      SAME(stat_of("directory").st_mode & 07777, 01777U);
                    }});
  checks.push_back({"mknod", "of a device is EPERM for an ordinary user", [] {
                      if (is_root()) return;
                      FAILS(EPERM, ::mknod("device", S_IFCHR | 0600, ::makedev(1, 3)));
                    }});
}

}  // namespace posix
