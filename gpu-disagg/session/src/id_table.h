// What a client has created of one kind, by the ids that it made. A wrong id finds nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "gpu_device/result.h"
#include "gpu_wire/id.h"

namespace gpu_session {

template <typename Handle>
class IdTable {
 public:
  IdTable(gpu_wire::Kind kind, std::uint32_t slots_max) : kind_(kind), slots_max_(slots_max) {}

  // Whether add() would take the id: right kind, slot free and not beyond the quota, generation
  // new.
  gpu_device::CuResult may_add(std::uint64_t packed) const {
    const auto id = gpu_wire::Id::from(packed);
    if (id.kind != kind_ || id.generation == 0) return gpu_device::CuResult::kInvalidHandle;
    if (id.slot >= slots_max_) return gpu_device::CuResult::kOutOfMemory;
    if (id.slot >= slots_.size()) return gpu_device::CuResult::kSuccess;
    const Slot& slot = slots_[id.slot];
    return slot.handle || id.generation <= slot.generation ? gpu_device::CuResult::kInvalidHandle
                                                           : gpu_device::CuResult::kSuccess;
  }

  // After may_add() said so.
  void add(std::uint64_t packed, Handle handle) {
    const auto id = gpu_wire::Id::from(packed);
    if (id.slot >= slots_.size()) slots_.resize(std::size_t{id.slot} + 1);
    slots_[id.slot] = {id.generation, std::move(handle)};
  }

  Handle* find(std::uint64_t packed) {
    const auto id = gpu_wire::Id::from(packed);
    if (id.kind != kind_ || id.slot >= slots_.size()) return nullptr;
    Slot& slot = slots_[id.slot];
    return slot.handle && slot.generation == id.generation ? &*slot.handle : nullptr;
  }

  std::optional<Handle> take(std::uint64_t packed) {
    if (find(packed) == nullptr) return std::nullopt;
    return std::exchange(slots_[gpu_wire::Id::from(packed).slot].handle, std::nullopt);
  }

  // Everything that is left, once.
  template <typename Visit>
  void take_all(const Visit& visit) {
    for (Slot& slot : slots_) {
      if (auto handle = std::exchange(slot.handle, std::nullopt)) visit(*handle);
    }
  }

 private:
  struct Slot {
    std::uint32_t generation = 0;
    std::optional<Handle> handle;
  };

  const gpu_wire::Kind kind_;
  const std::uint32_t slots_max_;
  std::vector<Slot> slots_;
};

}  // namespace gpu_session
