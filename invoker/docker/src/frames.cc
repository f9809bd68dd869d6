#include "frames.h"

namespace invoker_docker {
namespace {
constexpr std::size_t kHeadBytes = 8;  // stream, three zeros, length with the highest byte first
constexpr std::size_t kDropBytes = 64 << 10;
}  // namespace

std::optional<Frame> Frames::take() {
  const std::string_view rest = std::string_view(text_).substr(taken_);
  if (broken_ || rest.size() < kHeadBytes) return std::nullopt;
  const auto at = [&](std::size_t place) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(rest[place]));
  };
  const std::uint32_t length = at(4) << 24 | at(5) << 16 | at(6) << 8 | at(7);
  broken_ = at(0) > 2 || at(1) != 0 || at(2) != 0 || at(3) != 0 || length > kFrameBytesMax;
  if (broken_ || rest.size() < kHeadBytes + length) return std::nullopt;
  Frame frame{at(0) == 2, std::string(rest.substr(kHeadBytes, length))};
  taken_ += kHeadBytes + length;
  if (taken_ >= kDropBytes || taken_ == text_.size()) {
    text_.erase(0, taken_);
    taken_ = 0;
  }
  return frame;
}

}  // namespace invoker_docker
