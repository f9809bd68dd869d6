#include "standalone/ids.h"

#include <sys/random.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/check.h"

namespace standalone {
namespace {

// Random bytes of this thread: one system call serves many ids.
class Bytes {
 public:
  std::uint8_t next() {
    if (used_ == buffer_.size()) refill();
    return buffer_[used_++];
  }

 private:
  void refill() {
    // Up to 256 bytes the kernel gives all at once and is never interrupted.
    CHECK(getrandom(buffer_.data(), buffer_.size(), 0) == static_cast<ssize_t>(buffer_.size()));
    used_ = 0;
  }

  std::array<std::uint8_t, 256> buffer_{};
  std::size_t used_ = 256;
};

thread_local Bytes bytes;

constexpr std::size_t kIdLength = 32;

}  // namespace

std::string RandomIds::activation_id() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string id(kIdLength, '0');
  for (std::size_t i = 0; i < kIdLength; i += 2) {
    const std::uint8_t byte = bytes.next();
    id[i] = kDigits[byte >> 4];
    id[i + 1] = kDigits[byte & 15];
  }
  return id;
}

std::string RandomIds::transaction_id() {
  static constexpr char kLetters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string id(kIdLength, 'A');
  // The slight preference for some letters does not matter: nothing is secret about these ids.
  for (char& letter : id) letter = kLetters[bytes.next() % 62];
  return id;
}

}  // namespace standalone
