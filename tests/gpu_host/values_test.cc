// What single instructions answer, bit by bit.
#include <bit>
#include <cmath>
#include <limits>

#include "lanes/select.h"
#include "rig.h"

namespace gpu_host {
namespace {

using U64 = std::uint64_t;

U64 f(float value) { return std::bit_cast<std::uint32_t>(value); }
U64 g(double value) { return std::bit_cast<U64>(value); }
constexpr U64 kInf = 0x7F800000, kNan = 0x7FC00000;

// %r1..3, %f1..3, %h1..3 have the low bits, and %d1..3, %g1..3 the whole, of a, b and c.
struct Row {
  const char* text;
  U64 a, b, c;
  const char* result;  // the register that is looked at
  U64 expected;
};

const std::vector<Row> kRows = {
    {"add.s32 %r4, %r1, %r2;", 0x7FFFFFFF, 1, 0, "%r4", 0x80000000},
    {"add.u64 %d4, %d1, %d2;", ~U64{0}, 2, 0, "%d4", 1},
    {"add.cc.u32 %r4, %r1, %r2; addc.u32 %r4, %r3, 0;", 0xFFFFFFFF, 1, 5, "%r4", 6},
    {"sub.cc.u32 %r4, %r1, %r2; subc.u32 %r4, %r3, 0;", 0, 1, 5, "%r4", 4},
    {"mul.lo.s32 %r4, %r1, %r2;", 0xFFFFFFFE, 3, 0, "%r4", 0xFFFFFFFA},
    {"mul.hi.u32 %r4, %r1, %r2;", 0x80000000, 6, 0, "%r4", 3},
    {"mul.hi.s64 %d4, %d1, %d2;", U64{1} << 63, 2, 0, "%d4", ~U64{0}},
    {"mul.wide.s32 %d4, %r1, %r2;", 0xFFFFFFFF, 7, 0, "%d4", ~U64{0} - 6},
    {"mul.wide.u16 %r4, %h1, %h2;", 0xFFFF, 0xFFFF, 0, "%r4", 0xFFFE0001},
    {"mad.lo.u32 %r4, %r1, %r2, %r3;", 5, 6, 7, "%r4", 37},
    {"mad24.lo.s32 %r4, %r1, %r2, %r3;", 0xFFFFFF, 6, 7, "%r4", 1},
    {"sad.s32 %r4, %r1, %r2, %r3;", 0xFFFFFFFB, 3, 100, "%r4", 108},
    {"div.s32 %r4, %r1, %r2;", 0x80000000, 0xFFFFFFFF, 0, "%r4", 0x80000000},
    {"div.u32 %r4, %r1, %r2;", 7, 0, 0, "%r4", 0xFFFFFFFF},
    {"rem.s64 %d4, %d1, %d2;", ~U64{0} - 6, 4, 0, "%d4", ~U64{0} - 2},
    {"min.s32 %r4, %r1, %r2;", 0xFFFFFFFF, 1, 0, "%r4", 0xFFFFFFFF},
    {"max.u16 %h4, %h1, %h2; cvt.u32.u16 %r4, %h4;", 0xFFFF, 1, 0, "%r4", 0xFFFF},
    {"abs.s32 %r4, %r1;", 0xFFFFFFF0, 0, 0, "%r4", 16},
    {"and.b32 %r4, %r1, %r2;", 12, 10, 0, "%r4", 8},
    {"xor.b64 %d4, %d1, %d2;", ~U64{0}, 1, 0, "%d4", ~U64{1}},
    {"cnot.b32 %r4, %r1;", 0, 0, 0, "%r4", 1},
    {"shl.b32 %r4, %r1, %r2;", 1, 32, 0, "%r4", 0},
    {"shr.s32 %r4, %r1, %r2;", 0x80000000, 40, 0, "%r4", 0xFFFFFFFF},
    {"shr.u64 %d4, %d1, %r2;", U64{1} << 63, 63, 0, "%d4", 1},
    {"shf.l.wrap.b32 %r4, %r1, %r2, %r3;", 0x80000000, 1, 33, "%r4", 3},
    {"shf.r.clamp.b32 %r4, %r1, %r2, %r3;", 5, 9, 40, "%r4", 9},
    {"popc.b64 %r4, %d1;", ~U64{0}, 0, 0, "%r4", 64},
    {"clz.b32 %r4, %r1;", 0, 0, 0, "%r4", 32},
    {"clz.b64 %r4, %d1;", 1, 0, 0, "%r4", 63},
    {"brev.b32 %r4, %r1;", 1, 0, 0, "%r4", 0x80000000},
    {"bfe.s32 %r4, %r1, %r2, %r3;", 0xF0, 4, 4, "%r4", 0xFFFFFFFF},
    {"bfe.u32 %r4, %r1, %r2, %r3;", 0xABCD, 4, 8, "%r4", 0xBC},
    {"bfi.b32 %r4, %r1, %r2, %r3, 8;", 0xFF, 0, 4, "%r4", 0xFF0},
    {"bfind.s32 %r4, %r1;", 0xFFFFFFFF, 0, 0, "%r4", 0xFFFFFFFF},
    {"bfind.u32 %r4, %r1;", 0x40, 0, 0, "%r4", 6},
    {"bmsk.clamp.b32 %r4, %r1, %r2;", 4, 4, 0, "%r4", 0xF0},
    {"prmt.b32 %r4, %r1, %r2, %r3;", 0x33221100, 0x77665544, 0x7531, "%r4", 0x77553311},
    {"lop3.b32 %r4, %r1, %r2, %r3, 0x96;", 12, 10, 7, "%r4", 12 ^ 10 ^ 7},
    {"dp4a.s32.s32 %r4, %r1, %r2, %r3;", 0xFF02FF02, 0x03030303, 10, "%r4", 16},
    {"add.rn.f32 %f4, %f1, %f2;", f(0.1F), f(0.2F), 0, "%f4", f(0.1F + 0.2F)},
    {"add.rz.f32 %f4, %f1, %f2;", f(1.0F), f(1e-10F), 0, "%f4", f(1.0F)},
    {"add.rp.f32 %f4, %f1, %f2;", f(1.0F), f(1e-10F), 0, "%f4", 0x3F800001},
    {"sub.rm.f64 %g4, %g1, %g2;", g(1.0), g(1e-30), 0, "%g4", 0x3FEFFFFFFFFFFFFF},
    {"mul.ftz.f32 %f4, %f1, %f2;", 1, f(2.0F), 0, "%f4", 0},
    {"add.sat.f32 %f4, %f1, %f2;", f(3.0F), f(4.0F), 0, "%f4", f(1.0F)},
    {"add.sat.f32 %f4, %f1, %f2;", kNan, f(4.0F), 0, "%f4", 0},
    {"fma.rn.f32 %f4, %f1, %f2, %f3;", f(1.0000001F), f(1.0000001F), f(-1.0F), "%f4",
     f(std::fma(1.0000001F, 1.0000001F, -1.0F))},
    {"fma.rn.f64 %g4, %g1, %g2, %g3;", g(3), g(4), g(5), "%g4", g(17)},
    {"min.f32 %f4, %f1, %f2;", kNan, f(2.0F), 0, "%f4", f(2.0F)},
    {"max.f32 %f4, %f1, %f2;", f(-0.0F), f(0.0F), 0, "%f4", f(0.0F)},
    {"min.f32 %f4, %f1, %f2;", f(0.0F), f(-0.0F), 0, "%f4", f(-0.0F)},
    {"neg.f64 %g4, %g1;", g(0.0), 0, 0, "%g4", g(-0.0)},
    {"copysign.f32 %f4, %f1, %f2;", f(-1.0F), f(5.0F), 0, "%f4", f(-5.0F)},
    {"div.rn.f32 %f4, %f1, %f2;", f(1.0F), f(3.0F), 0, "%f4", f(1.0F / 3.0F)},
    {"div.full.ftz.f32 %f4, %f1, %f2;", f(1.0F), f(4.0F), 0, "%f4", f(0.25F)},
    {"rcp.rn.f64 %g4, %g1;", g(8.0), 0, 0, "%g4", g(0.125)},
    {"sqrt.rn.f32 %f4, %f1;", f(2.0F), 0, 0, "%f4", f(std::sqrt(2.0F))},
    {"sqrt.rz.f32 %f4, %f1;", f(2.0F), 0, 0, "%f4", 0x3FB504F3},
    {"rsqrt.approx.f32 %f4, %f1;", f(16.0F), 0, 0, "%f4", f(0.25F)},
    {"ex2.approx.f32 %f4, %f1;", f(10.0F), 0, 0, "%f4", f(1024.0F)},
    {"lg2.approx.f32 %f4, %f1;", f(0.125F), 0, 0, "%f4", f(-3.0F)},
    {"sin.approx.f32 %f4, %f1;", 0, 0, 0, "%f4", 0},
    {"cos.approx.f32 %f4, %f1;", 0, 0, 0, "%f4", f(1.0F)},
    {"setp.lt.s32 %p1, %r1, %r2; selp.u32 %r4, 1, 0, %p1;", 0xFFFFFFFF, 0, 0, "%r4", 1},
    {"setp.lt.u32 %p1, %r1, %r2; selp.u32 %r4, 1, 0, %p1;", 0xFFFFFFFF, 0, 0, "%r4", 0},
    {"setp.ne.f32 %p1, %f1, %f1; selp.u32 %r4, 1, 0, %p1;", kNan, 0, 0, "%r4", 0},
    {"setp.neu.f32 %p1, %f1, %f1; selp.u32 %r4, 1, 0, %p1;", kNan, 0, 0, "%r4", 1},
    {"setp.gtu.f32 %p1, %f1, %f2; selp.u32 %r4, 1, 0, %p1;", f(1.0F), f(2.0F), 0, "%r4", 0},
    {"setp.nan.f64 %p1, %g1, %g2; selp.u32 %r4, 1, 0, %p1;", g(NAN), 0, 0, "%r4", 1},
    {"setp.eq.s32 %p1|%p2, %r1, %r2; selp.u32 %r4, 1, 0, %p2;", 5, 6, 0, "%r4", 1},
    {"mov.pred %p3, 1; setp.eq.or.s32 %p1, %r1, %r2, !%p3; selp.u32 %r4, 1, 0, %p1;", 5, 6, 0,
     "%r4", 0},
    {"set.gt.u32.f32 %r4, %f1, %f2;", f(2.0F), f(1.0F), 0, "%r4", 0xFFFFFFFF},
    {"set.gt.f32.s32 %f4, %r1, %r2;", 2, 1, 0, "%f4", f(1.0F)},
    {"slct.u32.s32 %r4, %r1, %r2, %r3;", 5, 6, 0x80000000, "%r4", 6},
    {"testp.subnormal.f32 %p1, %f1; selp.u32 %r4, 1, 0, %p1;", 1, 0, 0, "%r4", 1},
    {"mov.b64 %d4, {%r1, %r2};", 1, 2, 0, "%d4", (U64{2} << 32) | 1},
    {"mov.b64 {%r4, %r5}, %d1;", (U64{7} << 32) | 1, 0, 0, "%r5", 7},
    {"mov.b32 {%h4, %h5}, %r1; mov.b32 %r4, {%h5, %h4};", 0x11112222, 0, 0, "%r4", 0x22221111},
    {"cvt.s32.s8 %r4, %r1;", 0x180, 0, 0, "%r4", 0xFFFFFF80},
    {"cvt.u64.s32 %d4, %r1;", 0xFFFFFFFF, 0, 0, "%d4", ~U64{0}},
    {"cvt.sat.u8.s32 %r4, %r1;", 300, 0, 0, "%r4", 255},
    {"cvt.sat.s16.s32 %h4, %r1; cvt.s32.s16 %r4, %h4;", 0x80000000, 0, 0, "%r4", 0xFFFF8000},
    {"cvt.rn.f32.s32 %f4, %r1;", 0xFFFFFFFF, 0, 0, "%f4", f(-1.0F)},
    {"cvt.rz.f32.u32 %f4, %r1;", 0xFFFFFFFF, 0, 0, "%f4", 0x4F7FFFFF},
    {"cvt.rn.f32.u64 %f4, %d1;", ~U64{0}, 0, 0, "%f4", f(18446744073709551616.0F)},
    {"cvt.rzi.s32.f32 %r4, %f1;", f(-2.7F), 0, 0, "%r4", 0xFFFFFFFE},
    {"cvt.rni.s32.f32 %r4, %f1;", f(2.5F), 0, 0, "%r4", 2},
    {"cvt.rpi.u32.f32 %r4, %f1;", f(2.1F), 0, 0, "%r4", 3},
    {"cvt.rzi.u32.f32 %r4, %f1;", f(-5.0F), 0, 0, "%r4", 0},
    {"cvt.rzi.s32.f32 %r4, %f1;", f(1e20F), 0, 0, "%r4", 0x7FFFFFFF},
    {"cvt.rzi.s64.f64 %d4, %g1;", g(NAN), 0, 0, "%d4", 0},
    {"cvt.rmi.f32.f32 %f4, %f1;", f(-1.5F), 0, 0, "%f4", f(-2.0F)},
    {"cvt.rn.f32.f64 %f4, %g1;", g(0.1), 0, 0, "%f4", f(0.1F)},
    {"cvt.f64.f32 %g4, %f1;", kInf, 0, 0, "%g4", g(INFINITY)},
    {"cvt.rn.f16.f32 %h4, %f1; cvt.u32.u16 %r4, %h4;", f(1.5F), 0, 0, "%r4", 0x3E00},
    {"cvt.rn.f16.f32 %h4, %f1; cvt.u32.u16 %r4, %h4;", f(65520.0F), 0, 0, "%r4", 0x7C00},
    {"cvt.rn.f16.f32 %h4, %f1; cvt.u32.u16 %r4, %h4;", f(5.9604645e-8F), 0, 0, "%r4", 1},
    {"cvt.rn.f16.f32 %h4, %f1; cvt.u32.u16 %r4, %h4;", f(0.00006103515625F), 0, 0, "%r4", 0x400},
    {"cvt.f32.f16 %f4, %h1;", 0x0001, 0, 0, "%f4", f(5.9604645e-8F)},
    {"cvt.f32.f16 %f4, %h1;", 0xC000, 0, 0, "%f4", f(-2.0F)},
    {"@%p9 mov.u32 %r4, 1; setp.eq.u32 %p1, %r1, 3; @!%p1 mov.u32 %r4, 9;", 3, 0, 0, "%r4", 0},
    {"mov.u32 %r4, %lanemask_lt;", 0, 0, 0, "%r4", 0},
    {"cvt.u64.u32 %d4, %ntid.x;", 0, 0, 0, "%d4", 1},
};

U64 result_of(Rig& rig, const Row& row) {
  const std::string wide =
      std::string(row.result)[1] == 'd' || std::string(row.result)[1] == 'g' ? "64" : "32";
  std::string body =
      "ld.param.u64 %d1, [a];\nld.param.u64 %d2, [b];\nld.param.u64 %d3, [c];\nmov.u32 %r4, 0;\n";
  for (const char* n : {"1", "2", "3"}) {
    body += std::string("cvt.u32.u64 %r") + n + ", %d" + n + ";\ncvt.u16.u64 %h" + n + ", %d" + n +
            ";\nmov.b32 %f" + n + ", %r" + n + ";\nmov.b64 %g" + n + ", %d" + n + ";\n";
  }
  body += std::string(row.text) + "\nld.param.u64 %d9, [out];\nst.global.b" + wide + " [%d9], " +
          row.result + ";\nret;";
  rig.load(kernel_text(".param .u64 a, .param .u64 b, .param .u64 c, .param .u64 out", body));
  const Address out = rig.put(std::vector<U64>(1));
  EXPECT_EQ(rig.run("k", {1}, {1}, row.a, row.b, row.c, out), CuResult::kSuccess) << row.text;
  return rig.get<U64>(out, 1)[0];
}

TEST(Values, EachInstructionAnswersWhatPtxSays) {
  Rig rig;
  for (const Row& row : kRows) EXPECT_EQ(result_of(rig, row), row.expected) << row.text;
}

TEST(Values, FullWarpsAndSingleLanesAnswerTheSame) {
  // The same sum by 32 lanes at once, and by each lane alone after the lanes have parted.
  Rig rig;
  rig.load(kernel_text(
      ".param .u64 out, .param .u32 apart",
      "ld.param.u64 %d1, [out]; ld.param.u32 %r9, [apart]; mov.u32 %r1, %tid.x; mov.u32 %r3, 0;\n"
      "setp.eq.u32 %p1, %r9, 0; @%p1 bra GO;\n"
      "LOOP: setp.eq.u32 %p2, %r3, %r1; @%p2 bra GO; add.u32 %r3, %r3, 1; bra LOOP;\n"
      "GO: cvt.rn.f32.u32 %f1, %r1; add.f32 %f1, %f1, 0f3F000000; sqrt.rn.f32 %f2, %f1;\n"
      "div.rn.f32 %f3, %f1, %f2; fma.rn.f32 %f4, %f3, %f2, %f1; cvt.rzi.s32.f32 %r2, %f4;\n"
      "mad.lo.s32 %r2, %r2, 77, %r1; mul.wide.u32 %d2, %r1, 4; add.u64 %d1, %d1, %d2;\n"
      "st.global.u32 [%d1], %r2; ret;"));
  const Address out = rig.put(std::vector<std::uint32_t>(64));
  ASSERT_EQ(rig.run("k", {1}, {64}, out, 0U), CuResult::kSuccess);
  const auto together = rig.get<std::uint32_t>(out, 64);
  ASSERT_EQ(rig.run("k", {1}, {64}, out, 1U), CuResult::kSuccess);
  EXPECT_EQ(rig.get<std::uint32_t>(out, 64), together);
}

TEST(Values, WarpsVoteMatchReduceAndShuffle) {
  Rig rig;
  rig.load(kernel_text(
      ".param .u64 out",
      "ld.param.u64 %d1, [out]; mov.u32 %r1, %tid.x; and.b32 %r2, %r1, 3; setp.eq.u32 %p1, %r2, "
      "0;\n"
      "vote.sync.ballot.b32 %r3, %p1, 0xFFFFFFFF; vote.sync.any.pred %p2, %p1, 0xFFFFFFFF;\n"
      "match.any.sync.b32 %r4, %r2, 0xFFFFFFFF; redux.sync.add.u32 %r5, %r1, 0xFFFFFFFF;\n"
      "shfl.sync.up.b32 %r6|%p3, %r1, 1, 0, 0xFFFFFFFF; selp.u32 %r6, %r6, 1000, %p3;\n"
      "bar.red.popc.u32 %r7, 0, %p1; selp.u32 %r8, 1, 0, %p2; activemask.b32 %r9;\n"
      "mul.wide.u32 %d2, %r1, 32; add.u64 %d1, %d1, %d2; st.global.v4.u32 [%d1], {%r3, %r4, %r5, "
      "%r6};\n"
      "st.global.v4.u32 [%d1+16], {%r7, %r8, %r9, %r1}; ret;"));
  const Address out = rig.put(std::vector<std::uint32_t>(32 * 8));
  ASSERT_EQ(rig.run("k", {1}, {32}, out), CuResult::kSuccess);
  const auto got = rig.get<std::uint32_t>(out, 32 * 8);
  for (std::uint32_t lane = 0; lane < 32; ++lane) {
    const std::vector<std::uint32_t> expected = {
        0x11111111, 0x11111111U << (lane % 4), 496, lane == 0 ? 1000 : lane - 1, 8, 1, 0xFFFFFFFF,
        lane};
    EXPECT_EQ(std::vector<std::uint32_t>(got.begin() + lane * 8, got.begin() + lane * 8 + 8),
              expected)
        << lane;
  }
}

TEST(Values, DynamicSharedMemoryBeginsAfterTheStatic) {
  Rig rig;
  rig.load(kernel_text(
      ".param .u64 out",
      ".shared .align 4 .b8 fixed[20];\nld.param.u64 %d1, [out]; mov.u32 %r1, %tid.x; "
      "mov.u32 %r2, dynamic; shl.b32 %r3, %r1, 2; add.u32 %r2, %r2, %r3; st.shared.u32 [%r2], "
      "%r1;\n"
      "st.shared.u32 [fixed], %r1; bar.sync 0; cvta.shared.u64 %d3, dynamic; "
      "sub.u32 %r4, 31, %r1; mul.wide.u32 %d4, %r4, 4; add.u64 %d3, %d3, %d4; ld.u32 %r5, [%d3];\n"
      "mul.wide.u32 %d2, %r1, 4; add.u64 %d1, %d1, %d2; st.global.u32 [%d1], %r5; ret;",
      ".extern .shared .align 16 .b8 dynamic[];"));
  const Address out = rig.put(std::vector<std::uint32_t>(32));
  rig.shared_bytes = 128;
  ASSERT_EQ(rig.run("k", {1}, {32}, out), CuResult::kSuccess);
  EXPECT_EQ(rig.get<std::uint32_t>(out, 32)[5], 26U);
  EXPECT_EQ(rig.kernel("k").attributes[gpu_device::kKernelSharedBytes], 20);
  rig.shared_bytes = 124;
  EXPECT_EQ(rig.run("k", {1}, {32}, out), CuResult::kIllegalAddress);
}

TEST(Values, BarriersThatCannotOpenAreATimeOut) {
  Rig rig;
  rig.load(kernel_text("",
                       "mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 32; @%p1 bra ONE; bar.sync 1; "
                       "ret;\nONE: bar.sync 2; ret;"));
  EXPECT_EQ(rig.run("k", {1}, {64}), CuResult::kLaunchTimeout);
}

TEST(Values, BothMachinesAreBuilt) {
  const OpKey key{.op = Op::kAdd, .type = Type::kF32};
  EXPECT_NE(lanes_plain::select(key), nullptr);
  EXPECT_NE(lanes_avx2::select(key), nullptr);
  EXPECT_NE(lanes_plain::select(key), lanes_avx2::select(key));
}

}  // namespace
}  // namespace gpu_host
