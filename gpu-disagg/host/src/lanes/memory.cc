// Loads and stores. Lanes that read the same place, or places in a row, are served at once.
#include "lanes/lanes.h"

namespace gpu_host::GPU_HOST_ISA {
namespace {

enum class Place { kMapped, kShared, kParam, kLocal };

template <Place kPlace>
Window& window_of(Context& c) {
  if constexpr (kPlace == Place::kShared) return c.shared;
  if constexpr (kPlace == Place::kParam) return c.param;
  return c.last;
}

inline bool within(const Window& window, std::uint64_t address, std::uint64_t bytes) {
  // Neither goes round: a window ends far below 2^64, and `bytes` is small.
  return address >= window.start && address < window.end && bytes <= window.end - address;
}

template <typename A>
__attribute__((always_inline)) inline void read_addresses(Context& c, const Instr& i,
                                                          std::uint64_t (&out)[kLanes]) {
  const A* a = reinterpret_cast<const A*>(c.frame + i.a);
  for (unsigned l = 0; l < kLanes; ++l) out[l] = static_cast<std::uint64_t>(a[l]) + i.imm;
}

// Loaded values fill a lane by their sign.
template <typename T>
__attribute__((always_inline)) inline Slot<T> load_one(const std::byte* from) {
  T value;
  __builtin_memcpy(&value, from, sizeof value);
  return static_cast<Slot<T>>(value);
}

template <typename T>
__attribute__((always_inline)) inline void store_one(std::byte* to, Slot<T> lane) {
  const T value = static_cast<T>(lane);
  __builtin_memcpy(to, &value, sizeof value);
}

// The place of one lane; `fast` is the window that is tried first.
template <Place kPlace>
std::byte* place_of(Context& c, const Instr& i, unsigned lane, std::uint64_t address,
                    std::uint64_t bytes, bool writing) {
  if constexpr (kPlace != Place::kLocal) {
    const Window& window = window_of<kPlace>(c);
    if (within(window, address, bytes) && (!writing || window.writable)) {
      return window.host + (address - window.start);
    }
  }
  return find_place(c, i, i.space, lane, address, bytes, writing);
}

// [address, address + bytes) in one window, which may have to be looked for first.
template <Place kPlace>
std::byte* row_at(Context& c, const Instr& i, std::uint64_t address, std::uint64_t bytes,
                  bool writing) {
  Window& window = window_of<kPlace>(c);
  if (!within(window, address, bytes) || (writing && !window.writable)) {
    if (kPlace != Place::kMapped || !find_window(c, i, address, bytes, writing, window)) {
      return nullptr;
    }
  }
  return window.host + (address - window.start);
}

// Where address 0 would be, when all lanes lie in one window and are aligned; 0 otherwise. A
// number: as a pointer it would point at nothing.
template <Place kPlace>
std::uintptr_t origin_of(Context& c, const Instr& i, const std::uint64_t (&at)[kLanes],
                         unsigned bytes, bool writing) {
  auto low = static_cast<std::int64_t>(at[0]), high = low;
  std::uint64_t all = 0;
  for (unsigned l = 0; l < kLanes; ++l) {
    const auto here = static_cast<std::int64_t>(at[l]);
    low = here < low ? here : low;
    high = here > high ? here : high;
    all |= at[l];
  }
  if (low < 0 || (all & (bytes - 1)) != 0) return 0;
  const auto first = static_cast<std::uint64_t>(low), last = static_cast<std::uint64_t>(high);
  std::byte* place = row_at<kPlace>(c, i, first, last - first + bytes, writing);
  return place == nullptr ? 0 : reinterpret_cast<std::uintptr_t>(place) - first;
}

enum class Pattern { kNone, kSame, kRow };

__attribute__((always_inline)) inline Pattern pattern_of(const std::uint64_t (&at)[kLanes],
                                                         unsigned bytes) {
  std::uint64_t same = 0, row = 0;
  for (unsigned l = 0; l < kLanes; ++l) {
    const std::uint64_t apart = at[l] - at[0];
    same |= apart;
    row |= apart ^ (static_cast<std::uint64_t>(l) * bytes);
  }
  if (same == 0) return Pattern::kSame;
  return row == 0 ? Pattern::kRow : Pattern::kNone;
}

template <typename T, Place kPlace>
bool load_scattered(Context& c, const Instr& i, const std::uint64_t (&at)[kLanes]) {
  const unsigned bytes = static_cast<unsigned>(sizeof(T)) * i.count;
  const std::uintptr_t origin = origin_of<kPlace>(c, i, at, bytes, false);
  if (origin == 0) return false;
  for (unsigned part = 0; part < i.count; ++part) {
    if (i.d[part] == kNoRegister) continue;
    Slot<T>* d = slots<T>(c, i.d[part]);
    for (unsigned l = 0; l < kLanes; ++l)
      d[l] = load_one<T>(reinterpret_cast<const std::byte*>(origin + at[l] + part * sizeof(T)));
  }
  return true;
}

template <typename T, Place kPlace>
bool load_together(Context& c, const Instr& i, const std::uint64_t (&at)[kLanes]) {
  const unsigned bytes = static_cast<unsigned>(sizeof(T)) * i.count;
  if ((at[0] & (bytes - 1)) != 0) return false;
  const Pattern pattern = pattern_of(at, bytes);
  if (pattern == Pattern::kNone) return load_scattered<T, kPlace>(c, i, at);
  const std::byte* from = row_at<kPlace>(
      c, i, at[0], pattern == Pattern::kSame ? bytes : std::uint64_t{kLanes} * bytes, false);
  if (from == nullptr) return false;
  for (unsigned part = 0; part < i.count; ++part) {
    if (i.d[part] == kNoRegister) continue;
    Slot<T>* d = slots<T>(c, i.d[part]);
    const std::byte* start = from + part * sizeof(T);
    if (pattern == Pattern::kSame) {
      const Slot<T> value = load_one<T>(start);
      for (unsigned l = 0; l < kLanes; ++l) d[l] = value;
    } else if (i.count == 1) {
      for (unsigned l = 0; l < kLanes; ++l) d[l] = load_one<T>(start + l * sizeof(T));
    } else {
      for (unsigned l = 0; l < kLanes; ++l) d[l] = load_one<T>(start + l * bytes);
    }
  }
  return true;
}

template <typename T, typename A, Place kPlace>
const Instr* load(Context& c, const Instr& i) {
  std::uint64_t at[kLanes];
  read_addresses<A>(c, i, at);
  if constexpr (kPlace != Place::kLocal) {
    if (c.mask == kAllLanes && load_together<T, kPlace>(c, i, at)) return &i + 1;
  }
  const unsigned bytes = static_cast<unsigned>(sizeof(T)) * i.count;
  for (unsigned l = 0; l < kLanes; ++l) {
    if (!has_lane(c.mask, l)) continue;
    if ((at[l] & (bytes - 1)) != 0) return misaligned(c, i, at[l]);
    const std::byte* from = place_of<kPlace>(c, i, l, at[l], bytes, false);
    if (from == nullptr) return nullptr;
    for (unsigned part = 0; part < i.count; ++part) {
      if (i.d[part] == kNoRegister) continue;
      slots<T>(c, i.d[part])[l] = load_one<T>(from + part * sizeof(T));
    }
  }
  return &i + 1;
}

// All lanes at once where they write to one window; of two that write to one place the later wins.
template <typename T, Place kPlace>
bool store_together(Context& c, const Instr& i, const std::uint64_t (&at)[kLanes]) {
  const unsigned bytes = static_cast<unsigned>(sizeof(T)) * i.count;
  const std::uintptr_t origin = origin_of<kPlace>(c, i, at, bytes, true);
  if (origin == 0) return false;
  if (i.count == 1 && pattern_of(at, sizeof(T)) == Pattern::kRow) {
    const Slot<T>* values = slots<T>(c, i.d[0]);
    auto* to = reinterpret_cast<std::byte*>(origin + at[0]);
    for (unsigned l = 0; l < kLanes; ++l) store_one<T>(to + l * sizeof(T), values[l]);
    return true;
  }
  for (unsigned l = 0; l < kLanes; ++l) {
    for (unsigned part = 0; part < i.count; ++part) {
      store_one<T>(reinterpret_cast<std::byte*>(origin + at[l] + part * sizeof(T)),
                   slots<T>(c, i.d[part])[l]);
    }
  }
  return true;
}

template <typename T, typename A, Place kPlace>
const Instr* store(Context& c, const Instr& i) {
  std::uint64_t at[kLanes];
  read_addresses<A>(c, i, at);
  if constexpr (kPlace != Place::kLocal) {
    if (c.mask == kAllLanes && store_together<T, kPlace>(c, i, at)) return &i + 1;
  }
  const unsigned bytes = static_cast<unsigned>(sizeof(T)) * i.count;
  for (unsigned l = 0; l < kLanes; ++l) {
    if (!has_lane(c.mask, l)) continue;
    if ((at[l] & (bytes - 1)) != 0) return misaligned(c, i, at[l]);
    std::byte* to = place_of<kPlace>(c, i, l, at[l], bytes, true);
    if (to == nullptr) return nullptr;
    for (unsigned part = 0; part < i.count; ++part) {
      store_one<T>(to + part * sizeof(T), slots<T>(c, i.d[part])[l]);
    }
  }
  return &i + 1;
}

template <typename T, typename A>
Handler pick_place(const OpKey& key) {
  const bool loads = key.op == Op::kLoad;
  switch (key.space) {
    case Space::kShared:
      return loads ? load<T, A, Place::kShared> : store<T, A, Place::kShared>;
    case Space::kParam:
      return loads ? load<T, A, Place::kParam> : nullptr;
    case Space::kLocal:
      return loads ? load<T, A, Place::kLocal> : store<T, A, Place::kLocal>;
    default:
      return loads ? load<T, A, Place::kMapped> : store<T, A, Place::kMapped>;
  }
}

template <typename T>
Handler pick(const OpKey& key) {
  return key.wide_address ? pick_place<T, std::uint64_t>(key) : pick_place<T, std::uint32_t>(key);
}

}  // namespace

Handler select_memory(const OpKey& key) {
  if (key.op != Op::kLoad && key.op != Op::kStore) return nullptr;
  switch (key.type) {
    case Type::kU8:
      return pick<std::uint8_t>(key);
    case Type::kS8:
      return pick<std::int8_t>(key);
    case Type::kU16:
      return pick<std::uint16_t>(key);
    case Type::kS16:
      return pick<std::int16_t>(key);
    case Type::kU32:
      return pick<std::uint32_t>(key);
    case Type::kU64:
      return pick<std::uint64_t>(key);
    default:
      return nullptr;
  }
}

}  // namespace gpu_host::GPU_HOST_ISA
