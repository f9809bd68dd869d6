#include "lower/frame.h"

#include <algorithm>
#include <charconv>

#include "ptx/cursor.h"

namespace gpu_host {
namespace {

constexpr std::uint32_t kFrameBytesMost = 8 << 20;
constexpr std::uint32_t kLocalBytesMost = 64 << 10;

}  // namespace

bool Frame::close() {
  if (scopes_.size() == 1) return false;
  local_bytes_ = scopes_.back().local_mark;
  scopes_.pop_back();
  return true;
}

base::Status Frame::declare(const ptx::Registers& registers) {
  Scope& scope = scopes_.back();
  if (registers.count != 0) {
    scope.ranges[registers.name] = registers;
    return {};
  }
  scope.registers[registers.name] = Register{registers.type, add_register(registers.type)};
  return {};
}

base::Status Frame::declare(const ptx::Variable& variable) {
  if (variable.bytes > kLocalBytesMost) {
    return ptx::unsupported_at(variable.line, "local memory of more than 64 KiB is not built here");
  }
  const std::uint32_t offset = add_local(variable.bytes, variable.alignment);
  scopes_.back().variables[variable.name] =
      LocalVariable{variable.space, offset, static_cast<std::uint32_t>(variable.bytes)};
  return {};
}

const LocalVariable* Frame::variable(std::string_view name) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    if (const auto found = scope->variables.find(name); found != scope->variables.end()) {
      return &found->second;
    }
  }
  return nullptr;
}

std::optional<Register> Frame::in_range(Frame& frame, Scope& scope, std::string_view name) {
  std::size_t digits = name.size();
  while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9') --digits;
  // %r12 may be number 12 of %r or, where somebody likes it, number 2 of %r1.
  for (std::size_t split = digits; split < name.size(); ++split) {
    const auto range = scope.ranges.find(name.substr(0, split));
    if (range == scope.ranges.end()) continue;
    std::uint32_t number = 0;
    const char* end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + split, end, number);
    const bool leading_zero = name[split] == '0' && split + 1 < name.size();
    if (read.ec != std::errc{} || leading_zero || number >= range->second.count) continue;
    const Register made{range->second.type, frame.add_register(range->second.type)};
    scope.registers[name] = made;
    return made;
  }
  return std::nullopt;
}

std::optional<Register> Frame::find(std::string_view name) {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    const auto found = scope->registers.find(name);
    if (found != scope->registers.end()) return found->second;
    if (const auto made = in_range(*this, *scope, name)) return made;
  }
  return std::nullopt;
}

std::uint32_t Frame::place(std::uint32_t bytes) {
  if (bytes_ + bytes > kFrameBytesMost) {
    overflowed_ = true;
    return 0;
  }
  const std::uint32_t offset = bytes_;
  bytes_ += bytes;
  return offset;
}

std::uint32_t Frame::add_register(Type type) {
  ++registers_;
  if (type != Type::kPred) return place(is_wide(type) ? kLanes * 8 : kLanes * 4);
  if (predicates_left_ == 0) {
    predicate_next_ = place(kLanes * 4);
    predicates_left_ = kLanes;
  }
  --predicates_left_;
  const std::uint32_t offset = predicate_next_;
  predicate_next_ += 4;
  return offset;
}

std::uint32_t Frame::add_local(std::uint64_t bytes, std::uint32_t alignment) {
  const std::uint64_t start =
      (std::uint64_t{local_bytes_} + alignment - 1) & ~(std::uint64_t{alignment} - 1);
  if (start + bytes > kLocalBytesMost) {
    overflowed_ = true;
    return 0;
  }
  local_bytes_ = static_cast<std::uint32_t>(start + bytes);
  local_most_ = std::max(local_most_, local_bytes_);
  return static_cast<std::uint32_t>(start);
}

std::uint32_t Frame::constant(std::uint64_t bits, bool wide) {
  if (!wide) bits &= 0xFFFFFFFF;
  const auto [found, added] = constants_.try_emplace({bits, wide}, 0);
  if (added) {
    found->second = place(wide ? kLanes * 8 : kLanes * 4);
    code_.constants.push_back(Constant{found->second, wide, bits});
  }
  return found->second;
}

std::uint32_t Frame::special(Special special) {
  const auto [found, added] = specials_.try_emplace(special, 0);
  if (added) {
    found->second = place(special == Special::kGridid ? kLanes * 8 : kLanes * 4);
    code_.specials.push_back(SpecialRegister{found->second, special});
  }
  return found->second;
}

std::uint32_t Frame::pooled(std::size_t pool, Type type) {
  std::vector<std::uint32_t>& all = pools_[pool];
  if (used_.at(pool) == all.size()) all.push_back(add_register(type));
  return all[used_.at(pool)++];
}

std::uint32_t Frame::temporary(bool wide) {
  return wide ? pooled(1, Type::kB64) : pooled(0, Type::kB32);
}
std::uint32_t Frame::temporary_predicate() { return pooled(2, Type::kPred); }

}  // namespace gpu_host
