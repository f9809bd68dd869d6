#include "storage_attempts/byte_budget.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace storage_attempts {
namespace {

// An attempt's journal, and files of the cache that it reads, are none of its bytes.
bool counts(std::string_view name) {
  const bool borrowed = name.starts_with("b") && name.find('.') == std::string_view::npos;
  return !borrowed && !name.starts_with("journal");
}

}  // namespace

std::uint64_t ByteBudget::count() const {
  std::uint64_t bytes = 0;
  DIR* const listing = ::opendir(directory_.c_str());
  if (listing == nullptr) return bytes;
  while (const dirent* item = ::readdir(listing)) {  // NOLINT(concurrency-mt-unsafe): ours alone
    struct stat stat{};
    if (counts(item->d_name) && ::fstatat(::dirfd(listing), item->d_name, &stat, 0) == 0 &&
        S_ISREG(stat.st_mode))
      bytes += static_cast<std::uint64_t>(stat.st_size);
  }
  ::closedir(listing);
  return bytes;
}

bool ByteBudget::take(std::uint64_t bytes) {
  if (bytes == 0) return true;
  if (bytes > bytes_max_) return false;
  const std::lock_guard lock(mutex_);
  if (!used_ || *used_ > bytes_max_ - bytes) used_ = count();
  if (*used_ > bytes_max_ - bytes) return false;
  *used_ += bytes;
  return true;
}

std::uint64_t ByteBudget::left() {
  const std::lock_guard lock(mutex_);
  if (!used_) used_ = count();
  return bytes_max_ - std::min(*used_, bytes_max_);
}

int make_room(ByteBudget* budget, int fd, std::uint64_t size) {
  if (budget == nullptr) return 0;
  struct stat stat{};
  if (::fstat(fd, &stat) != 0) return errno;
  const auto now = static_cast<std::uint64_t>(stat.st_size);
  return size <= now || budget->take(size - now) ? 0 : EDQUOT;
}

}  // namespace storage_attempts
