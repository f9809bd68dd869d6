#include "backing.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <string_view>

namespace storage_ephemeral {
namespace {

std::string file_name(FileKey key) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%llx.%x", static_cast<unsigned long long>(key.inode),
                key.version);
  return text.data();
}

std::string part_name(FileKey key) { return file_name(key) + ".part"; }

bool parse(std::string_view name, FileKey& key) {
  const char* const end = name.data() + name.size();
  const auto inode = std::from_chars(name.data(), end, key.inode, 16);
  if (inode.ec != std::errc() || inode.ptr == end || *inode.ptr != '.') return false;
  const auto version = std::from_chars(inode.ptr + 1, end, key.version, 16);
  return version.ec == std::errc() && version.ptr == end;
}

base::Error disk_error(const char* what, const std::string& name) {
  return base::error_from_errno(errno, std::string(what) + " of ephemeral file " + name);
}

base::Status copy_bytes(int from, int to, std::uint64_t size) {
  if (::ioctl(to, FICLONE, from) == 0) {
    // The source may have grown beyond what was asked for.
    if (::ftruncate(to, static_cast<off_t>(size)) == 0) return {};
    return base::error_from_errno(errno, "ftruncate of a copy");
  }
  loff_t read_at = 0;
  loff_t write_at = 0;
  while (static_cast<std::uint64_t>(read_at) < size) {
    const ssize_t count = ::copy_file_range(from, &read_at, to, &write_at,
                                            size - static_cast<std::uint64_t>(read_at), 0);
    if (count < 0) return base::error_from_errno(errno, "copy of an ephemeral file");
    if (count == 0) return base::Error{base::ErrorCode::kDataLoss, "a file is shorter than known"};
  }
  return {};
}

}  // namespace

base::Result<BackingFiles> BackingFiles::open(const std::string& directory) {
  BackingFiles files(directory);
  const std::string path = directory + "/files";
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return disk_error("mkdir", path);
  files.files_ =
      std::make_shared<base::UniqueFd>(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!files.files_->valid()) return disk_error("open", path);
  return files;
}

base::Result<SharedFd> BackingFiles::create(FileKey key, bool part) const {
  const std::string name = part ? part_name(key) : file_name(key);
  auto fd = std::make_shared<base::UniqueFd>(::openat(
      files_->get(), name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd->valid()) return disk_error("creation", name);
  return fd;
}

base::Result<SharedFd> BackingFiles::open_file(FileKey key) const {
  const std::string name = file_name(key);
  auto fd = std::make_shared<base::UniqueFd>(
      ::openat(files_->get(), name.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!fd->valid()) return disk_error("open", name);
  return fd;
}

base::Result<std::uint64_t> BackingFiles::size(FileKey key) const {
  const std::string name = file_name(key);
  struct stat info{};
  if (::fstatat(files_->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
    return disk_error("stat", name);
  return static_cast<std::uint64_t>(info.st_size);
}

base::Result<SharedFd> BackingFiles::copy(int from, std::uint64_t size, FileKey to) const {
  TRY(SharedFd fd, create(to, false));
  if (auto copied = copy_bytes(from, fd->get(), size); !copied.ok()) {
    remove(to);
    return std::move(copied).error();
  }
  return fd;
}

base::Status BackingFiles::complete(FileKey key) const {
  if (::renameat(files_->get(), part_name(key).c_str(), files_->get(), file_name(key).c_str()) == 0)
    return {};
  return disk_error("rename", part_name(key));
}

void BackingFiles::remove(FileKey key) const {
  ::unlinkat(files_->get(), file_name(key).c_str(), 0);
}

void BackingFiles::remove_part(FileKey key) const {
  ::unlinkat(files_->get(), part_name(key).c_str(), 0);
}

std::vector<FileKey> BackingFiles::scan() const {
  std::vector<FileKey> keys;
  std::vector<std::string> others;
  const int fd = ::openat(files_->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return keys;
  DIR* directory = ::fdopendir(fd);
  if (directory == nullptr) return keys;
  while (const dirent* entry = ::readdir(directory)) {  // NOLINT(concurrency-mt-unsafe): own stream
    const std::string_view name = entry->d_name;
    if (FileKey key; parse(name, key)) {
      keys.push_back(key);
    } else if (name.ends_with(".part")) {
      others.emplace_back(name);
    }
  }
  ::closedir(directory);
  for (const std::string& name : others) ::unlinkat(files_->get(), name.c_str(), 0);
  return keys;
}

base::Result<base::UniqueFd> duplicate(const base::UniqueFd& fd) {
  base::UniqueFd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return base::error_from_errno(errno, "another descriptor of a file");
  return copy;
}

base::Result<std::uint64_t> size_of(const base::UniqueFd& fd) {
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return base::error_from_errno(errno, "stat of a file");
  return static_cast<std::uint64_t>(info.st_size);
}

}  // namespace storage_ephemeral
