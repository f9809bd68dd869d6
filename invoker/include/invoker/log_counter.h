// How the output of an action is counted and cut: as Docker's json-file log would hold it.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"

namespace invoker {

// Runtimes write a line with this text to stdout and to stderr when an activation's output is over.
inline constexpr std::string_view kLogSentinel = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX";
inline bool is_log_sentinel(std::string_view line) {
  return line.find(kLogSentinel) != std::string_view::npos;
}

// Docker breaks a longer line into pieces of this size, each of which is a line of the log.
inline constexpr std::size_t kLogPieceBytes = 16 * 1024;

enum class LogLineEnd {
  kNewline,
  kCut
};  // kCut: a piece of a line, or output that ends without one

// The bytes that the json-file log needs for a line, its own line end included.
std::int64_t json_file_bytes(std::string_view text, base::WallTime time,
                             LogLineEnd end = LogLineEnd::kNewline);

// Counts one activation's lines against its limit. Not thread-safe.
class LogCounter {
 public:
  explicit LogCounter(std::int64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  // False when the line does not fit any more: it and what follows are dropped, and the logs are
  // truncated. Every line counts, sentinels too.
  bool add(std::string_view text, base::WallTime time, LogLineEnd end = LogLineEnd::kNewline);

  std::int64_t bytes() const { return bytes_; }
  bool truncated() const { return truncated_; }

 private:
  std::int64_t limit_bytes_;
  std::int64_t bytes_ = 0;
  bool truncated_ = false;
};

}  // namespace invoker
