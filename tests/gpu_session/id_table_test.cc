#include "id_table.h"

#include <gtest/gtest.h>

namespace {

using gpu_device::CuResult;
using gpu_session::IdTable;
using gpu_wire::Id;
using gpu_wire::Kind;

std::uint64_t id(Kind kind, std::uint32_t generation, std::uint32_t slot) {
  return Id{.kind = kind, .generation = generation, .slot = slot}.packed();
}

TEST(IdTable, OnlyTheVeryIdIsFound) {
  IdTable<int> table(Kind::kStream, 8);
  ASSERT_EQ(table.may_add(id(Kind::kStream, 2, 3)), CuResult::kSuccess);
  table.add(id(Kind::kStream, 2, 3), 77);
  EXPECT_EQ(*table.find(id(Kind::kStream, 2, 3)), 77);
  EXPECT_EQ(table.find(id(Kind::kStream, 1, 3)), nullptr);
  EXPECT_EQ(table.find(id(Kind::kStream, 3, 3)), nullptr);
  EXPECT_EQ(table.find(id(Kind::kStream, 2, 2)), nullptr);
  EXPECT_EQ(table.find(id(Kind::kEvent, 2, 3)), nullptr);
  EXPECT_EQ(table.find(id(Kind::kStream, 2, 0xffff'ffff)), nullptr);
  EXPECT_EQ(table.find(0), nullptr);
  EXPECT_EQ(table.find(~std::uint64_t{0}), nullptr);
}

TEST(IdTable, ASlotIsUsedAgainWithAGreaterGenerationOnly) {
  IdTable<int> table(Kind::kEvent, 8);
  table.add(id(Kind::kEvent, 5, 0), 1);
  EXPECT_EQ(table.may_add(id(Kind::kEvent, 6, 0)), CuResult::kInvalidHandle) << "in use";
  EXPECT_TRUE(table.take(id(Kind::kEvent, 5, 0)));
  EXPECT_FALSE(table.take(id(Kind::kEvent, 5, 0)));
  EXPECT_EQ(table.may_add(id(Kind::kEvent, 5, 0)), CuResult::kInvalidHandle) << "used before";
  EXPECT_EQ(table.may_add(id(Kind::kEvent, 6, 0)), CuResult::kSuccess);
}

TEST(IdTable, SlotsBeyondTheQuotaAreRefused) {
  IdTable<int> table(Kind::kModule, 2);
  EXPECT_EQ(table.may_add(id(Kind::kModule, 1, 1)), CuResult::kSuccess);
  EXPECT_EQ(table.may_add(id(Kind::kModule, 1, 2)), CuResult::kOutOfMemory);
  EXPECT_EQ(table.may_add(id(Kind::kModule, 1, 0xffff'ffff)), CuResult::kOutOfMemory);
}

}  // namespace
