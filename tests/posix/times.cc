// Which time stamps change with what.
#include <sys/xattr.h>

#include <ctime>

#include "check.h"

namespace posix {
namespace {

bool later(const timespec& one, const timespec& other) {
  return one.tv_sec != other.tv_sec ? one.tv_sec > other.tv_sec : one.tv_nsec > other.tv_nsec;
}

struct Changes {
  const char* name;  // of what is looked at
  bool modified, changed;
};

struct Operation {
  const char* says;
  void (*run)();
  std::vector<Changes> changes;
};

void write_to(const char* name, int flags) {
  const int fd = static_cast<int>(OK(::open(name, flags)));
  SAME(::write(fd, "x", 1), 1);
  OK(::close(fd));
}

const Operation kOperations[] = {
    {"making a file changes its directory",
     [] { OK(::close(make("d/new"))); },
     {{"d", true, true}}},
    {"mkdir changes the directory above", [] { OK(::mkdir("d/new", 0755)); }, {{"d", true, true}}},
    {"mkfifo changes its directory", [] { OK(::mkfifo("d/new", 0644)); }, {{"d", true, true}}},
    {"symlink changes its directory", [] { OK(::symlink("x", "d/new")); }, {{"d", true, true}}},
    {"link changes its directory, and ctime of the file",
     [] { OK(::link("file", "d/new")); },
     {{"d", true, true}, {"file", false, true}}},
    {"unlink changes its directory, and ctime of the file",
     [] { OK(::unlink("d/linked")); },
     {{"d", true, true}, {"file", false, true}}},
    {"rmdir changes the directory above", [] { OK(::rmdir("d/sub")); }, {{"d", true, true}}},
    {"rename changes both directories",
     [] { OK(::rename("d/inside", "e/inside")); },
     {{"d", true, true}, {"e", true, true}}},
    {"rename over a file changes its directory",
     [] { OK(::rename("d/inside", "d/linked")); },
     {{"d", true, true}, {"file", false, true}}},
    {"chmod changes ctime", [] { OK(::chmod("file", 0600)); }, {{"file", false, true}}},
    {"chown changes ctime",
     [] { OK(::chown("file", ::getuid(), ::getgid())); },
     {{"file", false, true}}},
    {"a write changes both", [] { write_to("file", O_WRONLY); }, {{"file", true, true}}},
    {"an appending write changes both",
     [] { write_to("file", O_WRONLY | O_APPEND); },
     {{"file", true, true}}},
    {"truncate changes both", [] { OK(::truncate("file", 2)); }, {{"file", true, true}}},
    {"O_TRUNC changes both",
     [] { OK(::open("file", O_WRONLY | O_TRUNC)); },
     {{"file", true, true}}},
    {"truncate to a longer size changes both",
     [] { OK(::truncate("file", 200)); },
     {{"file", true, true}}},
    {"setting times changes ctime",
     [] {
       const timespec times[2] = {{1, 0}, {0, UTIME_OMIT}};
       OK(::utimensat(AT_FDCWD, "file", times, 0));
     },
     {{"file", false, true}}},
    {"an extended attribute changes ctime",
     [] { OK(::setxattr("file", "user.a", "b", 1, 0)); },
     {{"file", false, true}}},
    {"what fails changes nothing",
     [] {
       FAILS(EEXIST, ::mkdir("d/sub", 0755));
       FAILS(ENOENT, ::unlink("d/none"));
       FAILS(ENOTEMPTY, ::rmdir("d"));
       FAILS(EEXIST, ::link("file", "d/linked"));
     },
     {{"d", false, false}, {"file", false, false}}},
    {"reading and looking change neither",
     [] {
       content_of("file");
       listing_of("d");
       OK(::access("file", R_OK));
     },
     {{"d", false, false}, {"file", false, false}}},
};

void world() {
  OK(::mkdir("d", 0755));
  OK(::mkdir("e", 0755));
  OK(::mkdir("d/sub", 0755));
  put("file", "content");
  put("d/inside", "");
  OK(::link("file", "d/linked"));
}

void run(const Operation& operation) {
  world();
  let_time_pass();
  std::vector<struct stat> before;
  for (const Changes& one : operation.changes) before.push_back(stat_of(one.name));
  operation.run();
  for (std::size_t i = 0; i < operation.changes.size(); ++i) {
    const auto after = stat_of(operation.changes[i].name);
    SAME(later(after.st_mtim, before[i].st_mtim), operation.changes[i].modified);
    SAME(later(after.st_ctim, before[i].st_ctim), operation.changes[i].changed);
  }
}

void set_and_get(timespec accessed, timespec modified) {
  put("file", "");
  const timespec times[2] = {accessed, modified};
  OK(::utimensat(AT_FDCWD, "file", times, 0));
  const auto stat = stat_of("file");
  SAME(stat.st_atim.tv_sec, accessed.tv_sec);
  SAME(stat.st_atim.tv_nsec, accessed.tv_nsec);
  SAME(stat.st_mtim.tv_sec, modified.tv_sec);
  SAME(stat.st_mtim.tv_nsec, modified.tv_nsec);
}

}  // namespace

void add_times(std::vector<Check>& checks) {
  for (const Operation& operation : kOperations) {
    checks.push_back({"times", operation.says, [&operation] { run(operation); }});
  }
  const auto add = [&](const char* says, auto body, Needs needs = Needs::kNothing) {
    checks.push_back({"utimensat", says, body, needs});
  };
  add("keeps nanoseconds", [] { set_and_get({1234567890, 123456789}, {1234567891, 999999999}); });
  add("keeps times before 1970 and after 2038",
      [] { set_and_get({-1000000, 0}, {4102444800, 1}); });
  add("UTIME_OMIT keeps a time, UTIME_NOW sets it", [] {
    set_and_get({1000, 1}, {2000, 2});
    const timespec times[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
    OK(::utimensat(AT_FDCWD, "file", times, 0));
    SAME(stat_of("file").st_atim.tv_sec, 1000);
    HOLDS(stat_of("file").st_mtim.tv_sec > 1000000);
  });
  add("can set those of a symbolic link", [] {
    OK(::symlink("none", "link"));
    const timespec times[2] = {{1000, 1}, {2000, 2}};
    OK(::utimensat(AT_FDCWD, "link", times, AT_SYMLINK_NOFOLLOW));
    SAME(stat_of("link").st_mtim.tv_sec, 2000);
  });
  add(
      "to now needs write permission, to anything else the owner",
      [] {
        put("file", "", 0666);
        put("closed", "", 0644);
        const timespec times[2] = {{1, 0}, {2, 0}};
        as(kBob, [&] {
          OK(::utimensat(AT_FDCWD, "file", nullptr, 0));
          FAILS(EPERM, ::utimensat(AT_FDCWD, "file", times, 0));
          FAILS(EACCES, ::utimensat(AT_FDCWD, "closed", nullptr, 0));
        });
      },
      Needs::kRoot);
  checks.push_back({"times", "of a new file are now, all three", [] {
                      timespec before{};
                      ::clock_gettime(CLOCK_REALTIME_COARSE, &before);
                      put("file", "");
                      const auto stat = stat_of("file");
                      for (const auto& time : {stat.st_atim, stat.st_mtim, stat.st_ctim}) {
                        HOLDS(!later(before, time));
                      }
                    }});
}

}  // namespace posix
