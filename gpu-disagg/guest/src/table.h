// Objects of one kind behind the handles that a program holds. A handle is the id that goes over
// the wire, so one that is stale, of another kind or made up is told from a good one by looking it
// up.
//
// Threads: find() from any thread without a lock; an object that is destroyed while another thread
// still uses it is the program's mistake, but never a wild pointer: slots are not freed.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "gpu_wire/id.h"

namespace gpu_guest {

template <typename Object>
class Table {
 public:
  explicit Table(gpu_wire::Kind kind) : kind_(kind) {}

  template <typename Handle>
  Object* find(Handle handle) {
    const auto packed = reinterpret_cast<std::uint64_t>(handle);
    const auto id = gpu_wire::Id::from(packed);
    if (id.kind != kind_ || id.slot >= kChunks * kChunkSlots) return nullptr;
    Chunk* chunk = chunks_[id.slot / kChunkSlots].load(std::memory_order_acquire);
    if (chunk == nullptr) return nullptr;
    Slot& slot = (*chunk)[id.slot % kChunkSlots];
    return slot.id.load(std::memory_order_acquire) == packed ? &slot.object : nullptr;
  }

  // Puts an object into a free slot, `prepare`s it, and lets it be found; 0 when there are too
  // many.
  template <typename Prepare>
  std::uint64_t create(const Prepare& prepare) {
    const std::lock_guard lock(mutex_);
    if (free_.empty() && !grow()) return 0;
    const std::uint32_t number = free_.back();
    free_.pop_back();
    Slot& slot = slot_of(number);
    slot.generation = slot.generation % gpu_wire::Id::kGenerationMax + 1;
    const std::uint64_t packed =
        gpu_wire::Id{.kind = kind_, .generation = slot.generation, .slot = number}.packed();
    prepare(slot.object, packed);
    slot.id.store(packed, std::memory_order_release);
    return packed;
  }

  // The handle is none from now on. False when it was none already.
  bool destroy(std::uint64_t packed) {
    const std::lock_guard lock(mutex_);
    const auto number = gpu_wire::Id::from(packed).slot;
    if (find(reinterpret_cast<void*>(packed)) == nullptr) return false;
    Slot& slot = slot_of(number);
    slot.id.store(0, std::memory_order_release);
    free_.push_back(number);
    return true;
  }

  template <typename Wanted>
  std::vector<std::uint64_t> all(const Wanted& wanted) {
    const std::lock_guard lock(mutex_);
    std::vector<std::uint64_t> found;
    for (std::uint32_t number = 0; number < slots_; ++number) {
      Slot& slot = slot_of(number);
      if (slot.id.load() != 0 && wanted(slot.object)) found.push_back(slot.id.load());
    }
    return found;
  }

 private:
  static constexpr std::uint32_t kChunkSlots = 256, kChunks = 1024;
  struct Slot {
    std::atomic<std::uint64_t> id = 0;
    std::uint32_t generation = 0;
    Object object{};
  };
  using Chunk = std::array<Slot, kChunkSlots>;

  Slot& slot_of(std::uint32_t number) {
    return (*chunks_[number / kChunkSlots].load(std::memory_order_relaxed))[number % kChunkSlots];
  }

  bool grow() {
    if (slots_ == kChunks * kChunkSlots) return false;
    // Never freed: what may be called during the program's exit must not go before it.
    chunks_[slots_ / kChunkSlots].store(new Chunk, std::memory_order_release);
    slots_ += kChunkSlots;
    // The lowest number comes first: the session's tables grow with the highest.
    for (std::uint32_t i = 1; i <= kChunkSlots; ++i) free_.push_back(slots_ - i);
    return true;
  }

  const gpu_wire::Kind kind_;
  std::array<std::atomic<Chunk*>, kChunks> chunks_{};
  std::mutex mutex_;  // guards what follows, and creation
  std::vector<std::uint32_t> free_;
  std::uint32_t slots_ = 0;
};

}  // namespace gpu_guest
