// An attempt's journal on the disk. It survives the daemon, not the power: an attempt dies with its
// node in any case. So it is a mapped file, and an entry costs a copy; behind the last entry it has
// zeros.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace storage_attempts {

class JournalFile {
 public:
  // The journal in `directory`, and what it holds. Where there is none, the first entry makes it.
  struct Opened;
  static base::Result<Opened> open(int directory);

  JournalFile() = default;

  // Before an operation: whether what it says will find room. 0, or an errno (ENOSPC, EDQUOT).
  int make_room();
  // Where there is no room for it, the journal ends there until it is replaced.
  void append(std::string_view frame);
  bool has_ended() const { return ended_; }
  // Everything anew; as it was when that fails.
  base::Status replace(std::string_view whole);
  // Drops what is damaged at the end.
  base::Status cut(std::uint64_t bytes);

  std::uint64_t bytes() const { return bytes_; }

 private:
  int directory_ = -1;  // of the attempt, which outlives this
  // What of the file is in memory, and has room on the disk.
  struct Unmap {
    std::uint64_t size;
    void operator()(char* map) const;
  };

  int grow(std::uint64_t size);
  std::uint64_t size() const { return map_ ? map_.get_deleter().size : 0; }

  base::UniqueFd fd_;
  std::uint64_t bytes_ = 0;
  bool ended_ = false;
  std::unique_ptr<char, Unmap> map_;
};

struct JournalFile::Opened {
  JournalFile file;
  std::string content;
};

}  // namespace storage_attempts
