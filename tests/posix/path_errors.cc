// What every call that takes a path says of a bad one.
#include <dirent.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include <climits>

#include "check.h"

namespace posix {
namespace {

struct PathCall {
  const char* name;
  long (*call)(const char* path);
  bool makes = false;            // the last part need not be there
  bool follows_last = true;      // a symbolic link at the end is followed
  bool needs_directory = false;  // ENOTDIR at a file
};

long open_and_close(const char* path, int flags) {
  const int fd = ::open(path, flags, 0644);
  return fd < 0 ? -1 : ::close(fd);
}

const PathCall kCalls[] = {
    {"open", [](const char* p) -> long { return open_and_close(p, O_RDONLY); }},
    {"open O_CREAT", [](const char* p) -> long { return open_and_close(p, O_RDWR | O_CREAT); },
     true},
    {"stat",
     [](const char* p) -> long {
       struct stat s{};
       return ::stat(p, &s);
     }},
    {"lstat",
     [](const char* p) -> long {
       struct stat s{};
       return ::lstat(p, &s);
     },
     false, false},
    {"access", [](const char* p) -> long { return ::access(p, F_OK); }},
    {"chmod", [](const char* p) -> long { return ::chmod(p, 0600); }},
    {"chown", [](const char* p) -> long { return ::chown(p, -1, -1); }},
    {"lchown", [](const char* p) -> long { return ::lchown(p, -1, -1); }, false, false},
    {"truncate", [](const char* p) -> long { return ::truncate(p, 3); }},
    {"utimensat", [](const char* p) -> long { return ::utimensat(AT_FDCWD, p, nullptr, 0); }},
    {"mkdir", [](const char* p) -> long { return ::mkdir(p, 0755); }, true, false},
    {"mkfifo", [](const char* p) -> long { return ::mkfifo(p, 0644); }, true, false},
    {"symlink", [](const char* p) -> long { return ::symlink("target", p); }, true, false},
    {"link from", [](const char* p) -> long { return ::link(p, "linked"); }, false, false},
    {"link to", [](const char* p) -> long { return ::link("file", p); }, true, false},
    {"unlink", [](const char* p) -> long { return ::unlink(p); }, false, false},
    {"rmdir", [](const char* p) -> long { return ::rmdir(p); }, false, false, true},
    {"rename from", [](const char* p) -> long { return ::rename(p, "renamed"); }, false, false},
    {"rename to", [](const char* p) -> long { return ::rename("file", p); }, true, false},
    {"readlink",
     [](const char* p) -> long {
       char target[8];
       return ::readlink(p, target, sizeof target);
     },
     false, false},
    {"chdir", [](const char* p) -> long { return ::chdir(p); }, false, true, true},
    {"opendir",
     [](const char* p) -> long {
       DIR* stream = ::opendir(p);
       return stream == nullptr ? -1 : ::closedir(stream);
     },
     false, true, true},
    {"statvfs",
     [](const char* p) -> long {
       struct statvfs s{};
       return ::statvfs(p, &s);
     }},
    {"setxattr", [](const char* p) -> long { return ::setxattr(p, "user.a", "b", 1, 0); }},
};

void world() {
  put("file", "content");
  OK(::mkdir("directory", 0755));
  OK(::symlink("loop", "loop"));
}

using Body = void (*)(const PathCall&);

void add_for(std::vector<Check>& checks, const PathCall& call, const std::string& says, Body body,
             Needs needs = Needs::kNothing) {
  checks.push_back({call.name, says,
                    [&call, body] {
                      world();
                      body(call);
                    },
                    needs});
}

void without_search_permission(const PathCall& call) {
  OK(::mkdir("closed", 0755));
  put("closed/file", "content", 0666);
  OK(::mkdir("closed/directory", 0777));
  chmod_to("closed", 0666);
  chmod_to(".", 0777);
  chmod_to("file", 0666);
  as(kBob, [&] { FAILS(EACCES, call.call("closed/file")); });
}

}  // namespace

void add_path_errors(std::vector<Check>& checks) {
  for (const PathCall& call : kCalls) {
    add_for(checks, call, "a missing directory on the way is ENOENT",
            [](const PathCall& c) { FAILS(ENOENT, c.call("none/name")); });
    add_for(checks, call, "a file on the way is ENOTDIR",
            [](const PathCall& c) { FAILS(ENOTDIR, c.call("file/name")); });
    add_for(checks, call, "a loop of symbolic links on the way is ELOOP",
            [](const PathCall& c) { FAILS(ELOOP, c.call("loop/name")); });
    add_for(checks, call, "an empty path is ENOENT",
            [](const PathCall& c) { FAILS(ENOENT, c.call("")); });
    add_for(checks, call, "a name of 256 bytes is ENAMETOOLONG",
            [](const PathCall& c) { FAILS(ENAMETOOLONG, c.call(std::string(256, 'n').c_str())); });
    add_for(checks, call, "a path of 4096 bytes is ENAMETOOLONG", [](const PathCall& c) {
      std::string path;
      while (path.size() < PATH_MAX) path += "./";
      FAILS(ENAMETOOLONG, c.call((path + "file").c_str()));
    });
    add_for(checks, call, "a directory on the way that may not be searched is EACCES",
            without_search_permission, Needs::kRoot);
    if (!call.makes) {
      add_for(checks, call, "a missing name is ENOENT",
              [](const PathCall& c) { FAILS(ENOENT, c.call("none")); });
    }
    if (call.follows_last) {
      add_for(checks, call, "a loop at the end is ELOOP",
              [](const PathCall& c) { FAILS(ELOOP, c.call("loop")); });
    }
    if (call.needs_directory) {
      add_for(checks, call, "a file is ENOTDIR",
              [](const PathCall& c) { FAILS(ENOTDIR, c.call("file")); });
    }
    if (call.makes && !call.follows_last && std::string(call.name) != "rename to") {
      for (const char* there : {"file", "directory", "loop"}) {
        checks.push_back(
            {call.name, std::string("what is there is EEXIST: a ") + there, [&call, there] {
               world();
               FAILS(EEXIST, call.call(there));
             }});
      }
    }
  }
}

}  // namespace posix
