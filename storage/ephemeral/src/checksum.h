// The checksum of a file's bytes, XXH3 of 64 bits in blocks: blocks of nothing but zeros count by
// their place alone, so a hole of a terabyte costs nothing, and is the same as zeros that were
// written.
//
// It finds accidents: a torn copy, bytes that changed while they were sent. Against forgers there
// is TLS.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace storage_ephemeral {

inline constexpr std::uint64_t kBlockBytes = 1 << 20;

// Of the bytes of one frame.
std::uint64_t frame_checksum(std::string_view bytes);

// Fed from the first byte on. By one thread at a time.
class ContentChecksum {
 public:
  ContentChecksum();

  void bytes(std::string_view bytes);
  // The same, where the checksum of these bytes is known: that of a whole block is not made again.
  void frame(std::string_view bytes, std::uint64_t checksum);
  void zeros(std::uint64_t count);
  std::uint64_t size() const { return size_; }
  // Of all that was fed; feeding may go on.
  std::uint64_t value() const;

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  using State = std::unique_ptr<XXH3_state_t, Free>;

  void part(std::string_view bytes);  // within one block
  static void fold(XXH3_state_t& all, std::uint64_t index, std::uint64_t hash);

  State block_, all_;
  bool block_is_zero_ = true;
  std::uint64_t size_ = 0;
};

// Of the first `size` bytes of a file; holes are not read. Errors: of the disk, and kDataLoss where
// the file is shorter.
base::Result<std::uint64_t> content_checksum(int fd, std::uint64_t size);

}  // namespace storage_ephemeral
