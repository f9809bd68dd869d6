#include <algorithm>
#include <array>
#include <cstdio>

#include "run/block.h"
#include "run/handlers.h"

namespace gpu_host {
namespace {

using gpu_device::CuResult;

const Mapped* find_mapped(const Context& c, std::uint64_t address, std::uint64_t bytes) {
  const AddressMap& map = *c.block->grid.setup().memory;
  auto after = std::ranges::upper_bound(map, address, {}, &Mapped::start);
  if (after == map.begin()) return nullptr;
  const Mapped& found = *--after;
  const bool inside = address < found.end && bytes <= found.end - address;
  return inside ? &found : nullptr;
}

bool within(std::uint64_t address, std::uint64_t bytes, std::uint64_t base, std::uint64_t size) {
  return address >= base && address - base <= size && bytes <= size - (address - base);
}

std::string hex(std::uint64_t value) {
  std::array<char, 24> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(value));
  return {text.data(), static_cast<std::size_t>(length)};
}

// In one of the spaces that have a window in generic addresses, each from `base` on.
std::byte* find_in_window(Context& c, Space space, unsigned lane, std::uint64_t address,
                          std::uint64_t bytes, bool writing, bool generic) {
  if (space == Space::kShared) {
    const std::uint64_t base = generic ? kSharedBase : 0;
    if (!within(address, bytes, base, c.shared.end)) return nullptr;
    return c.shared.host + (address - base);
  }
  if (space == Space::kParam) {
    const std::uint64_t base = generic ? kParamBase : 0;
    if (writing || !within(address, bytes, base, c.param.end)) return nullptr;
    return c.param.host + (address - base);
  }
  const std::uint64_t base = generic ? kLocalBase : 0;
  if (!within(address, bytes, base, c.local_bytes)) return nullptr;
  return c.local + lane * c.local_stride + (address - base);
}

}  // namespace

bool find_window(Context& c, const Instr& i, std::uint64_t address, std::uint64_t bytes,
                 bool writing, Window& window) {
  if (const Mapped* found = find_mapped(c, address, bytes)) {
    window = Window{found->start, found->end, found->host, true};
    return true;
  }
  if (i.space == Space::kGeneric && within(address, bytes, kSharedBase, c.shared.end)) {
    window = Window{kSharedBase, kSharedBase + c.shared.end, c.shared.host, true};
    return true;
  }
  if (i.space == Space::kGeneric && !writing && within(address, bytes, kParamBase, c.param.end)) {
    window = Window{kParamBase, kParamBase + c.param.end, c.param.host, false};
    return true;
  }
  return false;
}

std::byte* find_place(Context& c, const Instr& i, Space space, unsigned lane, std::uint64_t address,
                      std::uint64_t bytes, bool writing) {
  std::byte* place = nullptr;
  if (space == Space::kShared || space == Space::kLocal || space == Space::kParam) {
    place = find_in_window(c, space, lane, address, bytes, writing, false);
  } else if (const Mapped* found = find_mapped(c, address, bytes)) {
    c.last = Window{found->start, found->end, found->host, true};
    return found->host + (address - found->start);
  } else if (space == Space::kGeneric) {
    for (const Space one : {Space::kShared, Space::kLocal, Space::kParam}) {
      if (place == nullptr) place = find_in_window(c, one, lane, address, bytes, writing, true);
    }
  }
  if (place == nullptr) {
    fault(c, i, CuResult::kIllegalAddress,
          std::string("illegal address ") + hex(address) + ", " + std::to_string(bytes) +
              (writing ? " bytes to write" : " bytes to read"));
  }
  return place;
}

const Instr* misaligned(Context& c, const Instr& i, std::uint64_t address) {
  return fault(c, i, CuResult::kMisalignedAddress, "misaligned address " + hex(address));
}

}  // namespace gpu_host
