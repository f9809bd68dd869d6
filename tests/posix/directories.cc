// Directories: making, removing, listing.
#include <dirent.h>
#include <sys/statvfs.h>

#include <map>
#include <set>

#include "check.h"

namespace posix {
namespace {

void fill(const char* directory, int count) {
  for (int i = 0; i < count; ++i) {
    const std::string name = std::string(directory) + "/entry" + std::to_string(i);
    OK(::mknod(name.c_str(), S_IFREG | 0644, 0));
  }
}

void add_listing(std::vector<Check>& checks) {
  const auto add = [&](const char* says, auto body) { checks.push_back({"readdir", says, body}); };
  add("lists 5000 entries once each, with dot and dot-dot", [] {
    OK(::mkdir("d", 0755));
    fill("d", 5000);
    std::map<std::string, int> seen;
    DIR* stream = ::opendir("d");
    while (const dirent* entry = ::readdir(stream)) ++seen[entry->d_name];
    ::closedir(stream);
    SAME(seen.size(), 5002U);
    for (const auto& [name, times] : seen) SAME(times, 1);
  });
  add("tells types and inodes", [] {
    put("file", "");
    OK(::mkdir("directory", 0755));
    OK(::symlink("x", "link"));
    OK(::mkfifo("fifo", 0644));
    const std::map<std::string, int> types{
        {"file", DT_REG}, {"directory", DT_DIR}, {"link", DT_LNK}, {"fifo", DT_FIFO}};
    DIR* stream = ::opendir(".");
    std::size_t found = 0;
    while (const dirent* entry = ::readdir(stream)) {
      const auto type = types.find(entry->d_name);
      if (type == types.end()) continue;
      ++found;
      if (entry->d_type != DT_UNKNOWN) SAME(int{entry->d_type}, type->second);
      SAME(entry->d_ino, stat_of(entry->d_name).st_ino);
    }
    ::closedir(stream);
    SAME(found, types.size());
  });
  add("while entries are removed lists the others once each", [] {
    OK(::mkdir("d", 0755));
    fill("d", 2000);
    std::set<std::string> seen;
    DIR* stream = ::opendir("d");
    int count = 0;
    while (const dirent* entry = ::readdir(stream)) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      HOLDS(seen.insert(name).second);
      if (++count % 2 == 0) OK(::unlink(("d/" + name).c_str()));
    }
    ::closedir(stream);
    SAME(seen.size(), 2000U);
    SAME(listing_of("d").size(), 1000U);
  });
  add("rewound sees what is new", [] {
    OK(::mkdir("d", 0755));
    DIR* stream = ::opendir("d");
    while (::readdir(stream) != nullptr) {
    }
    put("d/new", "");
    ::rewinddir(stream);
    bool found = false;
    while (const dirent* entry = ::readdir(stream)) found |= std::string(entry->d_name) == "new";
    ::closedir(stream);
    HOLDS(found);
  });
  add("goes on where telldir was", [] {
    OK(::mkdir("d", 0755));
    fill("d", 300);
    DIR* stream = ::opendir("d");
    for (int i = 0; i < 100; ++i) HOLDS(::readdir(stream) != nullptr);
    const long place = ::telldir(stream);
    std::vector<std::string> first, second;
    while (const dirent* entry = ::readdir(stream)) first.emplace_back(entry->d_name);
    ::seekdir(stream, place);
    while (const dirent* entry = ::readdir(stream)) second.emplace_back(entry->d_name);
    ::closedir(stream);
    SAME(first.size(), 202U);
    HOLDS(first == second);
  });
}

}  // namespace

void add_directories(std::vector<Check>& checks) {
  add_listing(checks);
  const auto add = [&](const char* group, const char* says, auto body) {
    checks.push_back({group, says, body});
  };
  add("rmdir", "of a directory with entries is ENOTEMPTY", [] {
    OK(::mkdir("d", 0755));
    put("d/file", "");
    FAILS_EITHER(ENOTEMPTY, EEXIST, ::rmdir("d"));
    OK(::unlink("d/file"));
    OK(::rmdir("d"));
  });
  add("rmdir", "of dot is EINVAL, of dot-dot ENOTEMPTY", [] {
    OK(::mkdir("d", 0755));
    FAILS(EINVAL, ::rmdir("d/."));
    FAILS_EITHER(ENOTEMPTY, EEXIST, ::rmdir("d/.."));
  });
  add("rmdir", "of a symbolic link to a directory is ENOTDIR", [] {
    OK(::mkdir("d", 0755));
    OK(::symlink("d", "link"));
    FAILS(ENOTDIR, ::rmdir("link"));
  });
  add("directory", "that was removed takes no new entries: ENOENT", [] {
    OK(::mkdir("d", 0755));
    OK(::chdir("d"));
    OK(::rmdir("../d"));
    FAILS(ENOENT, ::open("file", O_CREAT | O_RDWR, 0644));
    FAILS(ENOENT, ::mkdir("sub", 0755));
    HOLDS(listing_of(".").empty());
    SAME(stat_of(".").st_nlink <= 1, true);
  });
  add("directory", "counts 2 links and its subdirectories'", [] {
    OK(::mkdir("d", 0755));
    if (stat_of("d").st_nlink == 1) return;  // this file system does not count
    SAME(stat_of("d").st_nlink, 2U);
    OK(::mkdir("d/a", 0755));
    OK(::mkdir("d/b", 0755));
    put("d/file", "");
    SAME(stat_of("d").st_nlink, 4U);
    OK(::rmdir("d/a"));
    SAME(stat_of("d").st_nlink, 3U);
  });
  add("directory", "can be open, synced, and gone into by its descriptor", [] {
    OK(::mkdir("d", 0755));
    const int fd = static_cast<int>(OK(::open("d", O_RDONLY | O_DIRECTORY)));
    OK(::close(static_cast<int>(OK(::openat(fd, "file", O_CREAT | O_RDWR, 0644)))));
    OK(::fsync(fd));
    OK(::fchdir(fd));
    OK(::access("file", F_OK));
  });
  add("directory", "can be 100 deep", [] {
    for (int i = 0; i < 100; ++i) {
      OK(::mkdir("deeper", 0755));
      OK(::chdir("deeper"));
    }
    put("file", "content");
    HOLDS(content_of("./file") == "content");
    char path[8192];
    HOLDS(::getcwd(path, sizeof path) != nullptr);
  });
  add("statvfs", "tells block size and the longest name", [] {
    struct statvfs figures{};
    OK(::statvfs(".", &figures));
    HOLDS(figures.f_frsize > 0);
    HOLDS(figures.f_namemax >= 255);
  });
}

}  // namespace posix
