// What the same bytes cost without a store of ours.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace bench {

// Appends `bytes` to one file and syncs it. Milliseconds, the mean of `rounds`.
double append_ms(const std::filesystem::path& folder, std::size_t bytes, int rounds);
// Writes and syncs new files, `threads` at a time. MiB/s; they are removed afterwards.
double files_mib_s(const std::filesystem::path& folder, std::size_t files, std::size_t bytes,
                   std::size_t threads);

struct RadosFigures {
  double mib_s = 0;
  double latency_ms = 0;  // the mean
};
// `rados bench` on a pool: for two seconds, or until `objects` are written.
RadosFigures rados_bench(const std::string& conf_file, const std::string& user,
                         const std::string& pool, std::size_t bytes, std::size_t under_way,
                         std::size_t objects);

}  // namespace bench
