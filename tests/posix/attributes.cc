// Extended attributes.
#include <sys/xattr.h>

#include <algorithm>

#include "check.h"

namespace posix {
namespace {

std::string value_of(const char* file, const char* name) {
  char value[70000];
  const long size = OK(::getxattr(file, name, value, sizeof value));
  return {value, static_cast<std::size_t>(size)};
}

void set(const char* file, const char* name, const std::string& value, int flags = 0) {
  OK(::setxattr(file, name, value.data(), value.size(), flags));
}

std::vector<std::string> names_of(const char* file) {
  char list[4096];
  const long size = OK(::listxattr(file, list, sizeof list));
  std::vector<std::string> names;
  for (long at = 0; at < size; at += static_cast<long>(names.back().size()) + 1) {
    names.emplace_back(list + at);
  }
  std::erase_if(names, [](const auto& name) { return !name.starts_with("user."); });
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

void add_attributes(std::vector<Check>& checks) {
  const auto add = [&](const char* says, auto body, Needs needs = Needs::kNothing) {
    checks.push_back({"xattr", says,
                      [body] {
                        put("file", "");
                        if (::setxattr("file", "user.probe", "", 0, 0) != 0) {
                          SAME(errno, EOPNOTSUPP);
                          return;
                        }
                        OK(::removexattr("file", "user.probe"));
                        body();
                      },
                      needs});
  };
  add("is kept byte for byte, and may be empty", [] {
    const std::string bytes("a\0b\xff", 4);
    set("file", "user.bytes", bytes);
    set("file", "user.empty", "");
    HOLDS(value_of("file", "user.bytes") == bytes);
    HOLDS(value_of("file", "user.empty").empty());
    HOLDS((names_of("file") == std::vector<std::string>{"user.bytes", "user.empty"}));
  });
  add("of a directory works as well", [] {
    OK(::mkdir("d", 0755));
    set("d", "user.a", "value");
    HOLDS(value_of("d", "user.a") == "value");
  });
  add("is replaced and removed", [] {
    set("file", "user.a", "first");
    set("file", "user.a", "second one");
    HOLDS(value_of("file", "user.a") == "second one");
    OK(::removexattr("file", "user.a"));
    char value[8];
    FAILS(ENODATA, ::getxattr("file", "user.a", value, sizeof value));
    FAILS(ENODATA, ::removexattr("file", "user.a"));
  });
  add("XATTR_CREATE and XATTR_REPLACE hold", [] {
    FAILS(ENODATA, ::setxattr("file", "user.a", "x", 1, XATTR_REPLACE));
    set("file", "user.a", "x", XATTR_CREATE);
    FAILS(EEXIST, ::setxattr("file", "user.a", "y", 1, XATTR_CREATE));
    set("file", "user.a", "z", XATTR_REPLACE);
    HOLDS(value_of("file", "user.a") == "z");
  });
  add("tells sizes, and ERANGE where the buffer is too small", [] {
    set("file", "user.a", "12345");
    char value[4];
    SAME(::getxattr("file", "user.a", nullptr, 0), 5);
    FAILS(ERANGE, ::getxattr("file", "user.a", value, sizeof value));
    HOLDS(::listxattr("file", nullptr, 0) >= 7);
    FAILS(ERANGE, ::listxattr("file", value, sizeof value));
  });
  add("names over 255 bytes and values over 64 KiB are refused", [] {
    const std::string name = "user." + std::string(251, 'n');
    FAILS(ERANGE, ::setxattr("file", name.c_str(), "x", 1, 0));
    const std::string value(65537, 'v');
    FAILS(E2BIG, ::setxattr("file", "user.a", value.data(), value.size(), 0));
  });
  add("user.* of a symbolic link is EPERM", [] {
    OK(::symlink("file", "link"));
    FAILS(EPERM, ::lsetxattr("link", "user.a", "x", 1, 0));
  });
  add(
      "user.* needs the permissions of the file",
      [] {
        set("file", "user.a", "x");
        chmod_to("file", 0644);
        as(kBob, [] {
          FAILS(EACCES, ::setxattr("file", "user.a", "y", 1, 0));
          HOLDS(value_of("file", "user.a") == "x");
        });
        chmod_to("file", 0600);
        as(kBob, [] {
          char value[8];
          FAILS(EACCES, ::getxattr("file", "user.a", value, sizeof value));
        });
      },
      Needs::kRoot);
  add("stays with the file over a rename and a link", [] {
    set("file", "user.a", "x");
    OK(::link("file", "linked"));
    OK(::rename("file", "renamed"));
    HOLDS(value_of("renamed", "user.a") == "x");
    HOLDS(value_of("linked", "user.a") == "x");
  });
}

}  // namespace posix
