// A kernel made ready to run: every register an offset, every instruction a function to call.
//
// Registers lie in a frame, 32 lanes side by side: 128 bytes for types of up to 32 bits, 256 bytes
// for 64 bits, one 32-bit mask for a predicate. Values narrower than 32 bits use the low bits of a
// lane.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ptx/type.h"

namespace gpu_host {

inline constexpr unsigned kLanes = 32;
inline constexpr std::uint32_t kAllLanes = 0xFFFFFFFF;
inline constexpr std::uint32_t kNoRegister = 0xFFFFFFFF;

struct Context;
struct Instr;

// Runs an instruction for the lanes of the context's mask; the next one to run, or null when the
// warp must be looked at again: lanes parted, wait, ended, or there is a fault.
using Handler = const Instr* (*)(Context&, const Instr&);

enum class Rounding : std::uint8_t { kNearest, kZero, kDown, kUp };

struct Instr {
  Handler run = nullptr;
  Handler inner = nullptr;  // what `run` guards
  std::uint32_t d[4] = {kNoRegister, kNoRegister, kNoRegister, kNoRegister};
  std::uint32_t a = 0, b = 0, c = 0;
  std::uint32_t guard = 0;
  std::uint64_t imm = 0;     // added to an address; a number that the instruction has of its own
  std::uint32_t target = 0;  // of a branch; which call
  std::uint32_t line = 0;
  std::uint8_t count = 1;  // elements of a vector
  Rounding rounding = Rounding::kNearest;
  bool to_integer = false;  // cvt.rni.f32.f32 and such
  bool flush = false;       // .ftz
  bool saturate = false;    // .sat
  bool negated = false;     // the predicate that it reads itself: of bra, selp, setp
  bool guard_negated = false;
  Space space = Space::kGeneric;
};

enum class Special : std::uint8_t {
  kTidX,
  kTidY,
  kTidZ,
  kNtidX,
  kNtidY,
  kNtidZ,
  kCtaidX,
  kCtaidY,
  kCtaidZ,
  kNctaidX,
  kNctaidY,
  kNctaidZ,
  kLaneid,
  kWarpid,
  kNwarpid,
  kSmid,
  kNsmid,
  kGridid,
  kLanemaskEq,
  kLanemaskLe,
  kLanemaskLt,
  kLanemaskGe,
  kLanemaskGt,
  kDynamicShared,
  kTotalShared,
};

struct Constant {
  std::uint32_t offset = 0;
  bool wide = false;
  std::uint64_t bits = 0;
};

struct SpecialRegister {
  std::uint32_t offset = 0;
  Special special = Special::kTidX;
};

// What a frame needs before its function starts.
struct FunctionCode {
  std::uint32_t entry = 0;  // index of the first instruction
  std::vector<Constant> constants;
  std::vector<SpecialRegister> specials;
};

// Bytes that pass between two frames: from and to are offsets of local memory, or of registers.
struct Passed {
  std::uint32_t from = 0, to = 0, bytes = 0;
  bool from_register = false, to_register = false;
};

enum class Builtin : std::uint8_t { kNone, kPrint, kAssertFail };

struct CallSite {
  std::uint32_t function = 0;  // index of Program::functions
  Builtin builtin = Builtin::kNone;
  std::vector<Passed> arguments;
  std::vector<Passed> results;
};

struct Program {
  std::string name;
  std::vector<Instr> code;
  std::vector<FunctionCode> functions;  // the first is the kernel itself
  std::vector<CallSite> calls;
  std::uint32_t frame_bytes = 0;   // of any of its functions
  std::uint32_t local_bytes = 0;   // per lane, of any of its functions
  std::uint32_t shared_bytes = 0;  // static
  std::uint32_t parameter_bytes = 0;
  std::uint32_t registers = 0;  // that the kernel names
  bool has_calls = false;
};

}  // namespace gpu_host
