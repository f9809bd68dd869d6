// The fundamental types of PTX.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gpu_host {

enum class Type : std::uint8_t {
  kNone,
  kPred,
  kB8,
  kB16,
  kB32,
  kB64,
  kU8,
  kU16,
  kU32,
  kU64,
  kS8,
  kS16,
  kS32,
  kS64,
  kF16,
  kF16x2,
  kF32,
  kF64,
};

enum class Space : std::uint8_t { kGeneric, kGlobal, kConst, kShared, kLocal, kParam };

// "f32", without the dot.
std::optional<Type> type_of(std::string_view name);
std::string_view name_of(Type type);
std::optional<Space> space_of(std::string_view name);

// 0 for kNone and kPred.
unsigned bytes_of(Type type);
bool is_float(Type type);
bool is_signed(Type type);
// kB32 becomes kU32; the others stay.
Type without_bits(Type type);

}  // namespace gpu_host
