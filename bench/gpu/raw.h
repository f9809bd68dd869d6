// The floor: the bare transport, spoken to in the smallest way.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "gpu_wire/endpoint.h"

namespace bench_gpu {

constexpr std::size_t kAskBytes = 64, kAnswerBytes = 16;
constexpr std::size_t kPieceBytes = 256 << 10;

// The server's side: answers one client until it goes.
void serve_raw(gpu_wire::Transport& client);

// The client's side.
class Raw {
 public:
  explicit Raw(const gpu_wire::Endpoint& endpoint);

  void round_trip();
  // Sends so many bytes and waits until they were taken; or receives them.
  void stream_out(std::vector<std::byte>& from);
  void stream_in(std::vector<std::byte>& to);

 private:
  void ask(std::byte what, std::uint64_t bytes);
  void take(std::span<std::byte> to);

  std::unique_ptr<gpu_wire::Transport> transport_;
};

}  // namespace bench_gpu
