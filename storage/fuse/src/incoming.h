// The request that this thread has just read, as the kernel wrote it: libfuse 3.14 does not pass
// everything on.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>

#include "wire.h"

namespace storage_fuse {

class Incoming {
 public:
  // `bytes` is a whole request.
  explicit Incoming(std::span<std::byte> bytes) : bytes_(bytes) {
    std::memcpy(&header_, bytes.data(), sizeof header_);
  }

  const fuse_in_header& header() const { return header_; }
  std::span<std::byte> bytes() const { return bytes_; }

  // The body's first part; zeroes where it is shorter.
  template <typename T>
  T body() const {
    T value{};
    if (bytes_.size() >= sizeof header_ + sizeof value) {
      std::memcpy(&value, bytes_.data() + sizeof header_, sizeof value);
    }
    return value;
  }

  // libfuse 3.14 does not know TMPFILE, which is CREATE but for its name.
  bool is_tmpfile() const { return header_.opcode == wire::kOpcodeTmpfile; }
  void show_as_create() const {
    const std::uint32_t create = FUSE_CREATE;
    std::memcpy(bytes_.data() + offsetof(fuse_in_header, opcode), &create, sizeof create);
  }

 private:
  std::span<std::byte> bytes_;
  fuse_in_header header_{};
};

// Of this thread, while libfuse works on it; null else.
const Incoming*& current_incoming();

}  // namespace storage_fuse
