// One direction of a pair of rings: bytes from one process to another through memory that both map.
//
// The peer can write anything anywhere in it at any time: positions are checked at each use, and
// bytes are copied out before they are looked at.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace gpu_wire {

struct RingControl {
  alignas(64) std::atomic<std::uint64_t> written;  // by the producer, in all
  std::atomic<std::uint32_t> consumer_sleeps;
  alignas(64) std::atomic<std::uint64_t> read;  // by the consumer, in all
  std::atomic<std::uint32_t> producer_sleeps;
};

class Ring {
 public:
  static constexpr std::size_t kBytes = 1 << 20;
  static constexpr std::size_t kControlBytes = 4096;

  // `memory` has kControlBytes + kBytes bytes.
  explicit Ring(std::byte* memory)
      : control_(reinterpret_cast<RingControl*>(memory)), bytes_(memory + kControlBytes) {}

  // How much there is to read, or room to write; nothing when the peer's position makes no sense.
  std::optional<std::size_t> filled() const;
  std::optional<std::size_t> room() const;

  // Copies what fits; gives how much.
  std::size_t write(std::span<const std::byte> from, std::size_t room);
  std::size_t read(std::span<std::byte> to, std::size_t filled);

  RingControl& control() { return *control_; }

 private:
  RingControl* control_;
  std::byte* bytes_;
};

}  // namespace gpu_wire
