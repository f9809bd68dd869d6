// Which opcodes run for which types: gpu-disagg/host/OPCODES.md is what the device itself says.
#include <array>
#include <sstream>

#include "rig.h"

namespace gpu_host {
namespace {

// `$` is the type, D A B C are registers of it, W is of 32 bits, L of 64, P and Q are predicates.
struct Form {
  const char* opcode;
  const char* text;
};

constexpr std::array kForms = {
    Form{"abs", "abs.$ D, A"},
    Form{"activemask", "activemask.$ D"},
    Form{"add", "add.$ D, A, B"},
    Form{"add.cc, addc", "addc.cc.$ D, A, B"},
    Form{"and", "and.$ D, A, B"},
    Form{"atom.add, red.add", "atom.global.add.$ D, [L], A"},
    Form{"atom.and .or .xor .exch .cas", "atom.global.cas.$ D, [L], A, B"},
    Form{"atom.inc .dec", "atom.global.inc.$ D, [L], A"},
    Form{"atom.min .max", "atom.global.min.$ D, [L], A"},
    Form{"bfe", "bfe.$ D, A, W, W"},
    Form{"bfi", "bfi.$ D, A, B, W, W"},
    Form{"bfind", "bfind.$ W, A"},
    Form{"bmsk", "bmsk.clamp.$ D, A, B"},
    Form{"brev", "brev.$ D, A"},
    Form{"clz", "clz.$ W, A"},
    Form{"cnot", "cnot.$ D, A"},
    Form{"copysign", "copysign.$ D, A, B"},
    Form{"cos, sin, lg2, ex2", "cos.approx.$ D, A"},
    Form{"cvt from f32", "cvt.rzi.$.f32 D, %f1"},
    Form{"cvt from s32", "cvt.$.s32 D, W"},
    Form{"cvt to f32", "cvt.rn.f32.$ %f1, A"},
    Form{"cvta", "cvta.shared.$ D, A"},
    Form{"div", "div.$ D, A, B"},
    Form{"dp4a", "dp4a.$.$ D, A, B, C"},
    Form{"fma", "fma.rn.$ D, A, B, C"},
    Form{"ld, ldu", "ld.global.$ D, [L]"},
    Form{"lop3", "lop3.$ D, A, B, C, 0x96"},
    Form{"mad.hi", "mad.hi.$ D, A, B, C"},
    Form{"mad.lo", "mad.lo.$ D, A, B, C"},
    Form{"mad24.lo", "mad24.lo.$ D, A, B, C"},
    Form{"match.any", "match.any.sync.$ W, A, W"},
    Form{"max, min", "max.$ D, A, B"},
    Form{"mov", "mov.$ D, A"},
    Form{"mul", "mul.$ D, A, B"},
    Form{"mul.hi", "mul.hi.$ D, A, B"},
    Form{"mul24.lo", "mul24.lo.$ D, A, B"},
    Form{"neg", "neg.$ D, A"},
    Form{"not", "not.$ D, A"},
    Form{"or", "or.$ D, A, B"},
    Form{"popc", "popc.$ W, A"},
    Form{"prmt", "prmt.$ D, A, B, C"},
    Form{"rcp", "rcp.rn.$ D, A"},
    Form{"redux.add", "redux.sync.add.$ D, A, W"},
    Form{"rem", "rem.$ D, A, B"},
    Form{"rsqrt", "rsqrt.approx.$ D, A"},
    Form{"sad", "sad.$ D, A, B, C"},
    Form{"selp", "selp.$ D, A, B, P"},
    Form{"set", "set.lt.$.f32 D, %f1, %f2"},
    Form{"setp", "setp.lt.$ P, A, B"},
    Form{"shf", "shf.l.wrap.$ D, A, B, C"},
    Form{"shfl", "shfl.sync.down.$ D|P, A, W, W, W"},
    Form{"shl", "shl.$ D, A, W"},
    Form{"shr", "shr.$ D, A, W"},
    Form{"slct", "slct.$.s32 D, A, B, W"},
    Form{"sqrt", "sqrt.rn.$ D, A"},
    Form{"st", "st.global.$ [L], A"},
    Form{"sub", "sub.$ D, A, B"},
    Form{"sub.cc, subc", "subc.cc.$ D, A, B"},
    Form{"tanh", "tanh.approx.$ D, A"},
    Form{"testp", "testp.finite.$ P, A"},
    Form{"vote.ballot", "vote.sync.ballot.$ D, P, W"},
    Form{"vote.all .any .uni", "vote.sync.all.$ Q, P, W"},
    Form{"xor", "xor.$ D, A, B"},
};

constexpr std::array kTypes = {"pred", "b8",  "b16", "b32", "b64", "u8",    "u16", "u32", "u64",
                               "s8",   "s16", "s32", "s64", "f16", "f16x2", "f32", "f64"};

std::string register_for(const std::string& type, char number) {
  if (type == "pred") return std::string("%p") + number;
  if (type == "f32") return std::string("%f") + number;
  if (type == "f64") return std::string("%g") + number;
  if (type.ends_with("64")) return std::string("%d") + number;
  if (type.ends_with("16")) return std::string("%h") + number;
  if (type.ends_with("b8") || type.ends_with("u8") || type.ends_with("s8"))
    return std::string("%h") + number;
  return std::string("%r") + number;
}

std::string written(const std::string& form, const std::string& type) {
  std::string text;
  for (const char c : form) {
    switch (c) {
      case '$':
        text += type;
        break;
      case 'D':
        text += register_for(type, '1');
        break;
      case 'A':
        text += register_for(type, '2');
        break;
      case 'B':
        text += register_for(type, '3');
        break;
      case 'C':
        text += register_for(type, '4');
        break;
      case 'W':
        text += "%r9";
        break;
      case 'L':
        text += "%d9";
        break;
      case 'P':
        text += "%p9";
        break;
      case 'Q':
        text += "%p8";
        break;
      default:
        text += c;
    }
  }
  return text + ";";
}

TEST(Opcodes, TheTableSaysWhatIsBuilt) {
  Rig rig;
  std::ostringstream table;
  table << "# Opcodes and types\n\nWhat the host device takes, as `tests/gpu_host/opcodes_test.cc` "
           "finds it; that test fails when "
           "this table is\nnot what the device does. A module with anything else is refused when "
           "it is loaded, with the line.\n\n"
           "| opcode | types |\n| --- | --- |\n";
  for (const Form& form : kForms) {
    table << "| " << form.opcode << " |";
    for (const char* type : kTypes) {
      if (rig.try_load(kernel_text("", written(form.text, type))).empty()) table << " " << type;
    }
    table << " |\n";
  }
  for (const char* form : {"mad.wide.u16 %r1, %h1, %h2, %r2",
                           "mad.wide.s32 %d1, %r1, %r2, %d2",
                           "mov.b64 %d1, {%r1, %r2}",
                           "mov.b32 {%h1, %h2}, %r1",
                           "ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%d1]",
                           "st.global.v2.u64 [%d1], {%d2, %d3}",
                           "setp.ltu.and.f32 %p1|%p2, %f1, %f2, !%p3",
                           "fma.rz.ftz.sat.f32 %f1, %f2, %f3, %f4",
                           "bar.sync 0",
                           "bar.red.popc.u32 %r1, 0, %p1",
                           "barrier.sync.aligned 1, 64",
                           "bar.arrive 1, 64",
                           "bar.warp.sync %r1",
                           "membar.gl",
                           "fence.acq_rel.gpu",
                           "isspacep.shared %p1, %d1",
                           "nanosleep.u32 100",
                           "prefetch.global.L2 [%d1]",
                           "match.all.sync.b64 %r1|%p1, %d1, %r2",
                           "redux.sync.max.s32 %r1, %r2, %r3",
                           "bfind.shiftamt.u32 %r1, %r2",
                           "trap",
                           "exit",
                           "ret",
                           "mov.u64 %d1, %clock64",
                           "mov.u32 %r1, %lanemask_lt"}) {
    EXPECT_EQ(rig.try_load(kernel_text("", std::string(form) + ";")), "") << form;
  }
  std::ifstream file(OPCODES_FILE);
  std::stringstream on_disk;
  on_disk << file.rdbuf();
  EXPECT_EQ(on_disk.str(), table.str());
  if (on_disk.str() != table.str()) std::ofstream("OPCODES.md") << table.str();
}

TEST(Opcodes, ParametersThatNoRegisterHoldsAreRefused) {
  Rig rig;
  const auto refused = [&](const std::string& parameter, const std::string& argument) {
    return rig.try_load(
        kernel_text("", "call f, (" + argument + ");", ".func f(" + parameter + ") { ret; }"));
  };
  EXPECT_EQ(refused(".reg .b64 x", "%d1"), "");
  EXPECT_NE(refused(".reg .v4 .f32 x", "%f1"), "");
  EXPECT_NE(refused(".reg .b32 x[100]", "%r1"), "");
  EXPECT_NE(refused(".param .b8 x[8]", "%h1"), "");
  EXPECT_NE(refused(".reg .pred x", "%p1"), "");
}

TEST(Opcodes, WhatIsNotBuiltIsRefusedWithItsLine) {
  Rig rig;
  const auto refused = [&](const std::string& body) {
    return rig.try_load(kernel_text("", "\n" + body));
  };
  EXPECT_EQ(refused("wmma.load.a.sync.f16 %r1, [%d1];"),
            "line 14: wmma.load.a.sync.f16: this instruction is not built here");
  EXPECT_EQ(refused("add.f16x2 %r1, %r2, %r3;"), "line 14: add.f16x2: not built for this type");
  EXPECT_EQ(refused("add.rn.wild.f32 %f1, %f2, %f3;"),
            "line 14: add.rn.wild.f32: a type is missing");
  EXPECT_EQ(refused("ld.global.u32.strange %r1, [%d1];"),
            "line 14: ld.global.u32.strange: modifier .strange is not built here");
  EXPECT_EQ(refused("bra NOWHERE;"), "line 14: no label NOWHERE");
  EXPECT_EQ(refused("call (%r1), %d1, ();"),
            "line 14: call: calls through a register are not built here");
  EXPECT_EQ(refused("mov.u32 %r1, %what;"), "line 14: mov.u32: unknown name %what");
  EXPECT_EQ(refused("add.u64 %r1, %d1, %d2;"),
            "line 14: add.u64: the register of its result is too narrow");
  EXPECT_NE(refused("@%p1"), "");
}

}  // namespace
}  // namespace gpu_host
