// Atomic operations: lane after lane, each one whole against all other threads.
#include <atomic>
#include <bit>
#include <type_traits>

#include "run/block.h"
#include "run/handlers.h"

namespace gpu_host {
namespace {

template <typename T>
using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;

template <typename T, Atomic kAtomic>
T changed(T now, T b, T c) {
  if constexpr (kAtomic == Atomic::kAdd) {
    if constexpr (std::is_floating_point_v<T>)
      return now + b;
    else
      return static_cast<T>(static_cast<Bits<T>>(now) + static_cast<Bits<T>>(b));
  } else if constexpr (kAtomic == Atomic::kExchange) {
    return b;
  } else if constexpr (kAtomic == Atomic::kMin) {
    return b < now ? b : now;
  } else if constexpr (kAtomic == Atomic::kMax) {
    return b > now ? b : now;
  } else if constexpr (kAtomic == Atomic::kIncrement) {
    return now >= b ? 0 : now + 1;
  } else if constexpr (kAtomic == Atomic::kDecrement) {
    return now == 0 || now > b ? b : now - 1;
  } else if constexpr (kAtomic == Atomic::kAnd) {
    return now & b;
  } else if constexpr (kAtomic == Atomic::kOr) {
    return now | b;
  } else if constexpr (kAtomic == Atomic::kXor) {
    return now ^ b;
  } else {
    return now == b ? c : now;
  }
}

template <typename T, Atomic kAtomic>
T apply(std::byte* place, T b, T c) {
  std::atomic_ref<Bits<T>> cell(*reinterpret_cast<Bits<T>*>(place));
  Bits<T> now = cell.load();
  while (!cell.compare_exchange_weak(
      now, std::bit_cast<Bits<T>>(changed<T, kAtomic>(std::bit_cast<T>(now), b, c)))) {
  }
  return std::bit_cast<T>(now);
}

template <typename T, Atomic kAtomic>
const Instr* run_atomic(Context& c, const Instr& i) {
  for (unsigned l = 0; l < kLanes; ++l) {
    if (((c.mask >> l) & 1) == 0) continue;
    const std::uint64_t address = lanes_of<std::uint64_t>(c, i.a)[l] + i.imm;
    if ((address & (sizeof(T) - 1)) != 0) return misaligned(c, i, address);
    std::byte* place = find_place(c, i, i.space, l, address, sizeof(T), true);
    if (place == nullptr) return nullptr;
    const T third = kAtomic == Atomic::kSwapIfEqual ? lanes_of<T>(c, i.c)[l] : T{};
    const T before = apply<T, kAtomic>(place, lanes_of<T>(c, i.b)[l], third);
    if (i.d[0] != kNoRegister) lanes_of<T>(c, i.d[0])[l] = before;
  }
  return &i + 1;
}

template <typename T>
Handler of_number(Atomic atomic) {
  switch (atomic) {
    case Atomic::kAdd:
      return run_atomic<T, Atomic::kAdd>;
    case Atomic::kMin:
      return run_atomic<T, Atomic::kMin>;
    case Atomic::kMax:
      return run_atomic<T, Atomic::kMax>;
    default:
      return nullptr;
  }
}

template <typename T>
Handler of_bits(Atomic atomic) {
  switch (atomic) {
    case Atomic::kAnd:
      return run_atomic<T, Atomic::kAnd>;
    case Atomic::kOr:
      return run_atomic<T, Atomic::kOr>;
    case Atomic::kXor:
      return run_atomic<T, Atomic::kXor>;
    case Atomic::kExchange:
      return run_atomic<T, Atomic::kExchange>;
    case Atomic::kSwapIfEqual:
      return run_atomic<T, Atomic::kSwapIfEqual>;
    default:
      return nullptr;
  }
}

}  // namespace

Handler select_atomic(Atomic atomic, Type type) {
  switch (type) {
    case Type::kB32:
      return of_bits<std::uint32_t>(atomic);
    case Type::kB64:
      return of_bits<std::uint64_t>(atomic);
    case Type::kU32:
      if (atomic == Atomic::kIncrement) return run_atomic<std::uint32_t, Atomic::kIncrement>;
      if (atomic == Atomic::kDecrement) return run_atomic<std::uint32_t, Atomic::kDecrement>;
      return of_number<std::uint32_t>(atomic);
    case Type::kS32:
      return of_number<std::int32_t>(atomic);
    case Type::kU64:
      return of_number<std::uint64_t>(atomic);
    case Type::kS64:
      return of_number<std::int64_t>(atomic);
    case Type::kF32:
      return atomic == Atomic::kAdd ? run_atomic<float, Atomic::kAdd> : nullptr;
    case Type::kF64:
      return atomic == Atomic::kAdd ? run_atomic<double, Atomic::kAdd> : nullptr;
    default:
      return nullptr;
  }
}

}  // namespace gpu_host
