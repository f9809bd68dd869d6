#include "ptx/type.h"

#include <algorithm>
#include <array>
#include <utility>

namespace gpu_host {
namespace {

struct Row {
  Type type;
  std::string_view name;
  unsigned bytes;
};

constexpr std::array kRows = {
    Row{Type::kPred, "pred", 0}, Row{Type::kB8, "b8", 1},   Row{Type::kB16, "b16", 2},
    Row{Type::kB32, "b32", 4},   Row{Type::kB64, "b64", 8}, Row{Type::kU8, "u8", 1},
    Row{Type::kU16, "u16", 2},   Row{Type::kU32, "u32", 4}, Row{Type::kU64, "u64", 8},
    Row{Type::kS8, "s8", 1},     Row{Type::kS16, "s16", 2}, Row{Type::kS32, "s32", 4},
    Row{Type::kS64, "s64", 8},   Row{Type::kF16, "f16", 2}, Row{Type::kF16x2, "f16x2", 4},
    Row{Type::kF32, "f32", 4},   Row{Type::kF64, "f64", 8},
};

constexpr std::array<std::pair<std::string_view, Space>, 8> kSpaces = {{
    {"global", Space::kGlobal},
    {"const", Space::kConst},
    {"shared", Space::kShared},
    {"shared::cta", Space::kShared},
    {"local", Space::kLocal},
    {"param", Space::kParam},
    {"param::entry", Space::kParam},
    {"param::func", Space::kParam},
}};

}  // namespace

std::optional<Type> type_of(std::string_view name) {
  const auto* row = std::ranges::find(kRows, name, &Row::name);
  if (row == kRows.end()) return std::nullopt;
  return row->type;
}

std::string_view name_of(Type type) {
  const auto* row = std::ranges::find(kRows, type, &Row::type);
  return row == kRows.end() ? "none" : row->name;
}

std::optional<Space> space_of(std::string_view name) {
  for (const auto& [known, space] : kSpaces) {
    if (known == name) return space;
  }
  return std::nullopt;
}

unsigned bytes_of(Type type) {
  const auto* row = std::ranges::find(kRows, type, &Row::type);
  return row == kRows.end() ? 0 : row->bytes;
}

bool is_float(Type type) { return type >= Type::kF16; }
bool is_signed(Type type) { return type >= Type::kS8 && type <= Type::kS64; }

Type without_bits(Type type) {
  if (type < Type::kB8 || type > Type::kB64) return type;
  return static_cast<Type>(static_cast<int>(type) + 4);
}

}  // namespace gpu_host
