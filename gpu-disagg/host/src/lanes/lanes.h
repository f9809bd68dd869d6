// How 32 lanes are read and written; included by files that are compiled for two machines.
//
// Everything here has internal linkage: code for AVX2 must never be what the linker keeps for both.
// For the same reason no function of the standard library is called, only builtins.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include "lanes/select.h"
#include "run/context.h"

#ifndef GPU_HOST_ISA
#define GPU_HOST_ISA lanes_plain
#endif

// The lanes of a loop do not depend on each other.
#if defined(__clang__)
#define LANES_APART
#else
#define LANES_APART _Pragma("GCC ivdep")
#endif

namespace gpu_host::GPU_HOST_ISA {

// Each file of this folder offers one of these; null where it has no such operation.
Handler select_integer(const OpKey& key);
Handler select_bits(const OpKey& key);
Handler select_float(const OpKey& key);
Handler select_careful(const OpKey& key);
Handler select_compare(const OpKey& key);
Handler select_move(const OpKey& key);
Handler select_convert(const OpKey& key);
Handler select_memory(const OpKey& key);

namespace {  // NOLINT(google-build-namespaces): see above

// What a lane of T is kept as.
template <typename T>
using Slot = std::conditional_t<std::is_floating_point_v<T>, T,
                                std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>>;

template <typename T>
__attribute__((always_inline)) inline Slot<T>* slots(Context& c, std::uint32_t offset) {
  return reinterpret_cast<Slot<T>*>(c.frame + offset);
}

__attribute__((always_inline)) inline bool has_lane(std::uint32_t mask, unsigned lane) {
  return ((mask >> lane) & 1) != 0;
}

// d = f(a), lane by lane. The registers are the same or apart, so the lanes do not depend on
// another.
template <typename D, typename A, typename F>
__attribute__((always_inline)) inline const Instr* each(Context& c, const Instr& i, F f) {
  Slot<D>* d = slots<D>(c, i.d[0]);
  const Slot<A>* a = slots<A>(c, i.a);
  if (c.mask == kAllLanes) {
    LANES_APART
    for (unsigned l = 0; l < kLanes; ++l) d[l] = static_cast<Slot<D>>(f(static_cast<A>(a[l])));
  } else {
    for (unsigned l = 0; l < kLanes; ++l) {
      if (has_lane(c.mask, l)) d[l] = static_cast<Slot<D>>(f(static_cast<A>(a[l])));
    }
  }
  return &i + 1;
}

template <typename D, typename A, typename B, typename F>
__attribute__((always_inline)) inline const Instr* each(Context& c, const Instr& i, F f) {
  Slot<D>* d = slots<D>(c, i.d[0]);
  const Slot<A>* a = slots<A>(c, i.a);
  const Slot<B>* b = slots<B>(c, i.b);
  if (c.mask == kAllLanes) {
    LANES_APART
    for (unsigned l = 0; l < kLanes; ++l) {
      d[l] = static_cast<Slot<D>>(f(static_cast<A>(a[l]), static_cast<B>(b[l])));
    }
  } else {
    for (unsigned l = 0; l < kLanes; ++l) {
      if (has_lane(c.mask, l)) {
        d[l] = static_cast<Slot<D>>(f(static_cast<A>(a[l]), static_cast<B>(b[l])));
      }
    }
  }
  return &i + 1;
}

template <typename D, typename A, typename B, typename C, typename F>
__attribute__((always_inline)) inline const Instr* each(Context& c, const Instr& i, F f) {
  Slot<D>* d = slots<D>(c, i.d[0]);
  const Slot<A>* a = slots<A>(c, i.a);
  const Slot<B>* b = slots<B>(c, i.b);
  const Slot<C>* e = slots<C>(c, i.c);
  if (c.mask == kAllLanes) {
    LANES_APART
    for (unsigned l = 0; l < kLanes; ++l) {
      d[l] =
          static_cast<Slot<D>>(f(static_cast<A>(a[l]), static_cast<B>(b[l]), static_cast<C>(e[l])));
    }
  } else {
    for (unsigned l = 0; l < kLanes; ++l) {
      if (has_lane(c.mask, l)) {
        d[l] = static_cast<Slot<D>>(
            f(static_cast<A>(a[l]), static_cast<B>(b[l]), static_cast<C>(e[l])));
      }
    }
  }
  return &i + 1;
}

}  // namespace
}  // namespace gpu_host::GPU_HOST_ISA
