// How far an attempt is with publishing what it does while it runs.
//
// One publication at a time: it is asked for by an operation that changed something, begun by a
// thread that may wait for the store, and ended by it. While it is under way nothing else may be
// changed, so that it can be undone.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "storage_overlay/overlay.h"

namespace storage_attempts {

// A staging file as it was published. The kernel writes without a word to us, and tells by this.
struct Stamp {
  std::int64_t size = 0;
  timespec modified{}, changed{};

  static Stamp of(const struct stat& stat) { return {stat.st_size, stat.st_mtim, stat.st_ctim}; }
  bool operator==(const Stamp& other) const {
    const auto same = [](const timespec& a, const timespec& b) {
      return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
    };
    return size == other.size && same(modified, other.modified) && same(changed, other.changed);
  }
};

struct Publishing {
  enum class Phase { kQuiet, kAsked, kUnderWay };
  using Waiting = std::vector<std::function<void()>>;

  Phase phase = Phase::kQuiet;
  std::vector<std::function<void(int)>> waiting;  // for the end of the publication
  std::set<storage::InodeNumber> due;             // whose bytes go with it
  struct File {
    Stamp stamp;
    storage::Content content;
  };
  std::map<storage::InodeNumber, File> files;         // staged, and as they were published
  std::map<storage::InodeNumber, struct stat> begun;  // of those that are under way
  storage_overlay::Overlay::StoredFiles renewed;      // count as written, with these bytes
  std::uint64_t moves = 0;                            // how often the snapshot changed
  std::int64_t bytes = 0;                             // published so far, of files
  int broken = 0;                                     // an errno: nothing is published any more
};

}  // namespace storage_attempts
