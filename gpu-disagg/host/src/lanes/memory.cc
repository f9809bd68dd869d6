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
const std::byte* row_at(Context& c, const Instr& i, std::uint64_t address, std::uint64_t bytes) {
  Window& window = window_of<kPlace>(c);
  if (!within(window, address, bytes)) {
    if (kPlace != Place::kMapped || !find_window(c, i, address, bytes, false, window))
      return nullptr;
  }
  return window.host + (address - window.start);
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
bool load_together(Context& c, const Instr& i, const std::uint64_t (&at)[kLanes]) {
  const unsigned bytes = static_cast<unsigned>(sizeof(T)) * i.count;
  if ((at[0] & (bytes - 1)) != 0) return false;
  const Pattern pattern = pattern_of(at, bytes);
  if (pattern == Pattern::kNone) return false;
  const std::byte* from = row_at<kPlace>(
      c, i, at[0], pattern == Pattern::kSame ? bytes : std::uint64_t{kLanes} * bytes);
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

// All lanes at once where they write one row.
template <typename T, Place kPlace>
bool store_together(Context& c, const Instr& i, const std::uint64_t (&at)[kLanes]) {
  if (i.count != 1 || (at[0] & (sizeof(T) - 1)) != 0) return false;
  if (pattern_of(at, sizeof(T)) != Pattern::kRow) return false;
  constexpr std::uint64_t kBytes = kLanes * sizeof(T);
  Window& window = window_of<kPlace>(c);
  if (!within(window, at[0], kBytes) || !window.writable) {
    if (kPlace != Place::kMapped || !find_window(c, i, at[0], kBytes, true, window)) return false;
  }
  std::byte* to = window.host + (at[0] - window.start);
  const Slot<T>* values = slots<T>(c, i.d[0]);
  for (unsigned l = 0; l < kLanes; ++l) store_one<T>(to + l * sizeof(T), values[l]);
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
