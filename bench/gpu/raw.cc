#include "raw.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"

namespace bench_gpu {
namespace {

constexpr std::byte kPing{1}, kSink{2}, kSource{3};

bool take_all(gpu_wire::Transport& from, std::span<std::byte> to) {
  while (!to.empty()) {
    const auto got = from.receive(to);
    if (!got.ok()) return false;
    to = to.subspan(*got);
  }
  return true;
}

}  // namespace

void serve_raw(gpu_wire::Transport& client) {
  std::array<std::byte, kAskBytes> ask{};
  const std::array<std::byte, kAnswerBytes> answer{};
  std::vector<std::byte> piece(kPieceBytes);
  while (take_all(client, ask)) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, &ask[8], sizeof bytes);
    for (std::uint64_t left = bytes; left > 0;) {
      const auto part = std::span(piece).first(std::min<std::uint64_t>(left, piece.size()));
      if (ask[0] == kSink && !take_all(client, part)) return;
      if (ask[0] == kSource && !client.send(part, {}).ok()) return;
      left -= part.size();
    }
    if (ask[0] != kSource && !client.send(answer, {}).ok()) return;
  }
}

Raw::Raw(const gpu_wire::Endpoint& endpoint)
    : transport_(gpu_wire::connect(endpoint, std::chrono::seconds(5)).value()) {}

void Raw::ask(std::byte what, std::uint64_t bytes) {
  std::array<std::byte, kAskBytes> ask{what};
  std::memcpy(&ask[8], &bytes, sizeof bytes);
  CHECK(transport_->send(ask, {}).ok());
}

void Raw::take(std::span<std::byte> to) { CHECK(take_all(*transport_, to)); }

void Raw::round_trip() {
  std::array<std::byte, kAnswerBytes> answer{};
  ask(kPing, 0);
  take(answer);
}

void Raw::stream_out(std::vector<std::byte>& from) {
  std::array<std::byte, kAnswerBytes> answer{};
  ask(kSink, from.size());
  CHECK(transport_->send(from, {}).ok());
  take(answer);
}

void Raw::stream_in(std::vector<std::byte>& to) {
  ask(kSource, to.size());
  take(to);
}

}  // namespace bench_gpu
