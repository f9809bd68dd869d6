// The hot loops: files written and read as programs do, every 4 KiB of them recognisable.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "subject.h"

namespace volumes_bench {

inline constexpr std::uint64_t kKiB = 1 << 10, kMiB = 1 << 20, kGiB = 1 << 30;
inline constexpr std::uint64_t kPiece = 4 * kMiB;

base::Result<base::UniqueFd> open_file(const Path& path, int flags);

// Writes `bytes` in steps of kPiece and closes. `seed` is in all of them.
base::Status write_file(const Path& path, std::uint64_t bytes, std::uint64_t seed);
// Reads it to its end; how much there was. kDataLoss for a byte that was not written so.
base::Result<std::uint64_t> read_file(const Path& path, std::uint64_t seed);
// The same, and kDataLoss when it does not have so many bytes.
base::Status read_whole_file(const Path& path, std::uint64_t bytes, std::uint64_t seed);

// One step of either, at an offset.
void stamp(std::vector<char>& piece, std::uint64_t offset, std::uint64_t seed);
base::Status check_stamps(const char* bytes, std::uint64_t count, std::uint64_t offset,
                          std::uint64_t seed);
base::Status write_all(int fd, const char* bytes, std::uint64_t count);

// Runs these at once and gives the first error.
base::Status at_once(const std::vector<std::function<base::Status()>>& work);

base::Status remove_file(const Path& path);
base::Error failed(const char* what, const Path& path);  // by errno

}  // namespace volumes_bench
