#include "id_ranges.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace invoker_container {
namespace {

// From here on ids are negative to programs that count them with a sign, and (uid_t) -1 is none.
constexpr std::int64_t kIdsEnd = std::int64_t{1} << 31;

base::Error failed(const std::string& what) { return base::error_from_errno(errno, what); }

int change_lock(int file, std::int64_t first, short type) {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = first;
  lock.l_len = IdRanges::kSize;
  return fcntl(file, F_OFD_SETLK, &lock);
}

}  // namespace

base::Result<std::unique_ptr<IdRanges>> IdRanges::open(const std::string& path, std::int64_t first,
                                                       std::int64_t end) {
  if (first < kSize || end > kIdsEnd || end - first < kSize) {
    return base::Error{base::ErrorCode::kInvalidArgument,
                       "The ids of sandboxes cannot lie from " + std::to_string(first) + " to " +
                           std::to_string(end) + ": each sandbox takes 65536, above those of the " +
                           "host and below 2147483648."};
  }
  base::UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) return failed("opening " + path);
  const auto count = static_cast<std::size_t>((end - first) / kSize);
  return std::unique_ptr<IdRanges>(new IdRanges(std::move(file), first, count));
}

base::Result<std::int64_t> IdRanges::take() {
  const std::scoped_lock lock(mutex_);
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    if (taken_[i]) continue;
    const std::int64_t first = first_ + static_cast<std::int64_t>(i) * kSize;
    if (change_lock(file_.get(), first, F_WRLCK) == 0) {
      taken_[i] = true;
      return first;
    }
    if (errno != EAGAIN && errno != EACCES) return failed("reserving ids for a sandbox");
  }
  return base::Error{base::ErrorCode::kUnavailable,
                     "All " + std::to_string(taken_.size()) +
                         " ranges of user ids for sandboxes are in use on this host; one becomes " +
                         "free when a container is removed."};
}

void IdRanges::give_back(std::int64_t first) {
  const std::scoped_lock lock(mutex_);
  change_lock(file_.get(), first, F_UNLCK);
  taken_[static_cast<std::size_t>((first - first_) / kSize)] = false;
}

}  // namespace invoker_container
