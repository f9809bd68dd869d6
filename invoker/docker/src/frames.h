// The stream in which the daemon sends both outputs of a container: frames with a head of eight
// bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace invoker_docker {

struct Frame {
  bool is_stderr = false;
  std::string bytes;
};

// Not thread-safe.
class Frames {
 public:
  // A frame that says it is longer is a lie: the daemon cuts lines at 16 KiB.
  static constexpr std::uint32_t kFrameBytesMax = 1 << 20;

  void add(std::string_view bytes) { text_ += bytes; }
  // The next complete frame.
  std::optional<Frame> take();
  // What came is no such stream; nothing more is taken from it.
  bool broken() const { return broken_; }

 private:
  std::string text_;
  std::size_t taken_ = 0;
  bool broken_ = false;
};

}  // namespace invoker_docker
