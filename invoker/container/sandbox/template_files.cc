#include "template_files.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "launchers.h"

namespace sandbox {
namespace {

constexpr int kDepthMax = 8;

// What programs read below /etc and what tells nothing about this host.
constexpr const char* kEtcCopied[] = {
    "alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime",
    "mime.types",   "protocols",   "services",   "ssl/certs",    "ssl/openssl.cnf"};

struct Device {
  const char* name;
  unsigned minor;
};
constexpr unsigned kMemoryDevices = 1;
constexpr Device kDevices[] = {
    {"null", 3}, {"zero", 5}, {"full", 7}, {"random", 8}, {"urandom", 9}};

base::Error failed(const std::string& path) {
  return base::error_from_errno(errno, "making " + path + " of the sandbox's root");
}

base::Status make_folder(int root, const std::string& path, mode_t mode = 0755) {
  if (mkdirat(root, path.c_str(), mode) == 0 || errno == EEXIST) return {};
  return failed(path);
}

base::Status make_file(int root, const std::string& path, std::string_view text) {
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  const base::UniqueFd file(openat(root, path.c_str(), flags, 0644));
  if (!file.valid()) return failed(path);
  if (write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return failed(path);
  }
  return {};
}

base::Status make_link(int root, const std::string& path, const std::string& target) {
  if (symlinkat(target.c_str(), root, path.c_str()) == 0) return {};
  return failed(path);
}

base::Status copy_file(const std::string& from, int root, const std::string& to, mode_t mode) {
  const base::UniqueFd source(open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source.valid()) return base::error_from_errno(errno, "reading " + from);
  const base::UniqueFd target(openat(root, to.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, mode));
  if (!target.valid()) return failed(to);
  ssize_t moved = 0;
  do {
    moved = sendfile(target.get(), source.get(), nullptr, 1 << 20);
  } while (moved > 0 || (moved < 0 && errno == EINTR));
  if (moved < 0) return failed(to);
  return {};
}

base::Status copy(const std::string& from, int root, const std::string& to, int depth);

base::Status copy_folder(const std::string& from, int root, const std::string& to, int depth) {
  TRY_STATUS(make_folder(root, to));
  std::error_code error;
  std::filesystem::directory_iterator entry(from, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = std::string("/").append(entry->path().filename());
    TRY_STATUS(copy(entry->path(), root, to + name, depth + 1));
  }
  if (error) return base::error_from_errno(error.value(), "reading " + from);
  return {};
}

// What others may not read (a private key, say) is left out, and so is what does not exist.
base::Status copy(const std::string& from, int root, const std::string& to, int depth) {
  struct stat about{};
  if (depth > kDepthMax || lstat(from.c_str(), &about) < 0) return {};
  if (S_ISLNK(about.st_mode)) {
    char target[PATH_MAX];
    const ssize_t length = readlink(from.c_str(), target, sizeof target);
    if (length <= 0) return {};
    return make_link(root, to, std::string(target, static_cast<std::size_t>(length)));
  }
  if ((about.st_mode & S_IROTH) == 0) return {};
  if (S_ISDIR(about.st_mode)) return copy_folder(from, root, to, depth);
  if (S_ISREG(about.st_mode)) return copy_file(from, root, to, 0644);
  return {};
}

base::Status make_etc(int root, const invoker_container::WardenSetup& setup) {
  const std::string id = std::to_string(setup.uid);
  TRY_STATUS(make_folder(root, "etc"));
  TRY_STATUS(make_folder(root, "etc/ssl"));
  TRY_STATUS(make_file(root, "etc/passwd",
                       "root:x:0:0:root:/:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/:"
                       "/usr/sbin/nologin\naction:x:" +
                           id + ":" + id + ":action:/tmp:/bin/sh\n"));
  TRY_STATUS(make_file(root, "etc/group", "root:x:0:\nnogroup:x:65534:\naction:x:" + id + ":\n"));
  TRY_STATUS(make_file(root, "etc/nsswitch.conf",
                       "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n"));
  TRY_STATUS(make_file(root, "etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"));
  TRY_STATUS(make_file(root, "etc/resolv.conf", ""));
  for (const char* name : kEtcCopied) {
    TRY_STATUS(copy(std::string("/etc/") + name, root, std::string("etc/") + name, 0));
  }
  return {};
}

base::Status make_dev(int root) {
  TRY_STATUS(make_folder(root, "dev"));
  TRY_STATUS(make_folder(root, "dev/shm"));
  for (const Device& device : kDevices) {
    const std::string path = std::string("dev/") + device.name;
    const dev_t number = makedev(kMemoryDevices, device.minor);
    if (mknodat(root, path.c_str(), S_IFCHR | 0666, number) < 0) return failed(path);
  }
  TRY_STATUS(make_link(root, "dev/fd", "/proc/self/fd"));
  TRY_STATUS(make_link(root, "dev/stdin", "/proc/self/fd/0"));
  TRY_STATUS(make_link(root, "dev/stdout", "/proc/self/fd/1"));
  return make_link(root, "dev/stderr", "/proc/self/fd/2");
}

}  // namespace

base::Status write_template_files(int root, const invoker_container::WardenSetup& setup) {
  umask(0);
  TRY_STATUS(make_etc(root, setup));
  TRY_STATUS(make_dev(root));
  TRY_STATUS(make_folder(root, "larder"));
  TRY_STATUS(copy_file(setup.proxy, root, "larder/proxy", 0755));
  for (const Launcher& launcher : kLaunchers) {
    if (std::string_view(launcher.name) == "python_stem.py") continue;  // runs outside
    TRY_STATUS(make_file(root, std::string("larder/") + launcher.name, launcher.text));
  }
  TRY_STATUS(make_folder(root, "local"));
  TRY_STATUS(make_folder(root, "local/bin"));
  TRY_STATUS(make_file(root, "local/bin/node", ""));  // a place for the mount
  TRY_STATUS(make_file(root, "empty", ""));
  return make_folder(root, "nothing");
}

}  // namespace sandbox
