// A transport that gives bytes it was made with, in pieces, and keeps what is sent.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "gpu_wire/transport.h"

namespace testing_gpu {

class MemoryTransport final : public gpu_wire::Transport {
 public:
  explicit MemoryTransport(std::span<const std::byte> bytes, std::size_t piece = 1 << 20)
      : rest_(bytes), piece_(piece) {}

  base::Status send(std::span<const std::byte> first, std::span<const std::byte> second) override {
    sent_.insert(sent_.end(), first.begin(), first.end());
    sent_.insert(sent_.end(), second.begin(), second.end());
    return {};
  }
  base::Result<std::size_t> receive(std::span<std::byte> to) override {
    if (rest_.empty()) return base::Error{base::ErrorCode::kUnavailable, "the bytes are over"};
    const std::size_t count = std::min({to.size(), rest_.size(), piece_});
    std::memcpy(to.data(), rest_.data(), count);
    rest_ = rest_.subspan(count);
    return count;
  }
  bool readable(std::chrono::milliseconds) override { return true; }
  void wait_gone() override {}
  void close() override { rest_ = {}; }

  const std::vector<std::byte>& sent() const { return sent_; }

 private:
  std::span<const std::byte> rest_;
  const std::size_t piece_;
  std::vector<std::byte> sent_;
};

}  // namespace testing_gpu
