// How many bytes the files of one directory may hold, whoever of this process writes them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>

namespace storage_attempts {

// Sizes count, not blocks: holes do, too. What became smaller or was removed is found out when the
// room seems to be used up. Writes that are under way at that moment may go beyond the bound.
//
// Threads: any. Time: take() looks at every file when there seems to be no room, and the first
// time.
class ByteBudget {
 public:
  ByteBudget(std::filesystem::path directory, std::uint64_t bytes_max)
      : directory_(std::move(directory)), bytes_max_(bytes_max) {}

  // Before files grow by so much. False: they must not.
  bool take(std::uint64_t bytes);
  // The room that is left, as last known.
  std::uint64_t left();
  std::uint64_t bytes_max() const { return bytes_max_; }

 private:
  std::uint64_t count() const;

  const std::filesystem::path directory_;
  const std::uint64_t bytes_max_;
  std::mutex mutex_;
  std::optional<std::uint64_t> used_;  // guarded by mutex_; at least what there is
};

// Before the file is to reach that size: 0, or an errno. No budget is no bound.
int make_room(ByteBudget* budget, int fd, std::uint64_t size);

}  // namespace storage_attempts
