// Guards with their codes, and that a change happens whole, in order, or not at all.
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "contract.h"

namespace storage_objects {
namespace {

using base::ErrorCode;
using storage::ObjectVersion;
using storage::ObjectWrite;
using storage::Pool;

TEST_P(ObjectStoreContract, AGuardThatHoldsLetsTheChangeHappen) {
  const auto id = metadata();
  ObjectWrite made{.absent = true, .data = "one", .omap_set = {{"k", "v"}}};
  made.omap_equals = {{"k", ""}};
  const auto first = store().write(id, made);
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_GT(*first, 0U);
  const auto second = store().write(
      id, {.present = true, .version = *first, .omap_equals = {{"k", "v"}}, .data = "two"});
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_GT(*second, *first);
  EXPECT_EQ(*store().read(id, 0, 100), "two");
}

struct Refusal {
  const char* what;
  bool there;  // the object, with data "old" and the key "k" as "v"
  ObjectWrite change;
  ErrorCode code;
};

// `version` stands for the right one as 1, for an older one as 2, and for a future one as 3.
std::vector<Refusal> refusals() {
  return {
      {"absent, and is there", true, {.absent = true}, ErrorCode::kAlreadyExists},
      {"present, and is not", false, {.present = true}, ErrorCode::kNotFound},
      {"a version of nothing", false, {.version = 3}, ErrorCode::kNotFound},
      {"an older version", true, {.version = 2}, ErrorCode::kConflict},
      {"a version to come", true, {.version = 3}, ErrorCode::kConflict},
      {"another value", true, {.omap_equals = {{"k", "w"}}}, ErrorCode::kConflict},
      {"a value where none is", true, {.omap_equals = {{"l", "v"}}}, ErrorCode::kConflict},
      {"no value where one is", true, {.omap_equals = {{"k", ""}}}, ErrorCode::kConflict},
      {"a value of nothing", false, {.omap_equals = {{"k", "v"}}}, ErrorCode::kConflict},
      {"two values at once", true, {.omap_equals = {{"k", "v"}, {"k", ""}}}, ErrorCode::kConflict},
      {"the second of two", true, {.omap_equals = {{"k", "v"}, {"l", "x"}}}, ErrorCode::kConflict},
      {"a new one with a value",
       false,
       {.absent = true, .omap_equals = {{"k", "v"}}},
       ErrorCode::kConflict},
      {"the right version, another value",
       true,
       {.version = 1, .omap_equals = {{"k", "w"}}},
       ErrorCode::kConflict},
  };
}

TEST_P(ObjectStoreContract, AGuardThatFailsSaysWhyAndNothingIsDone) {
  for (auto& refusal : refusals()) {
    SCOPED_TRACE(refusal.what);
    const auto id = metadata(refusal.what);
    ObjectVersion old = 0, now = 0;
    if (refusal.there) {
      old = *store().write(id, {.data = "older"});
      now = *store().write(id, {.data = "old", .omap_set = {{"k", "v"}}});
    }
    if (refusal.change.version) {
      refusal.change.version = std::vector<ObjectVersion>{
          now, old, now + 1000}[static_cast<std::size_t>(*refusal.change.version - 1)];
    }
    refusal.change.data = "new";
    refusal.change.omap_remove = {"k"};
    refusal.change.omap_set = {{"n", "new"}};
    const auto answer = store().write(id, refusal.change);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(code_of(answer), refusal.code) << answer.error().message;
    if (!refusal.there) {
      EXPECT_EQ(code_of(store().stat(id)), ErrorCode::kNotFound);
      continue;
    }
    EXPECT_EQ(*store().read(id, 0, 100), "old");
    const auto page = store().omap_list(id, "", "", 10);
    EXPECT_EQ(page->entries, (std::map<std::string, std::string>{{"k", "v"}}));
    EXPECT_EQ(page->version, now);
  }
}

TEST_P(ObjectStoreContract, AGuardAloneMayStandBeforeRemove) {
  const auto id = metadata();
  const auto version = *store().write(id, {.omap_set = {{"k", "v"}}});
  EXPECT_EQ(code_of(store().write(id, {.version = version + 7, .remove = true})),
            ErrorCode::kConflict);
  EXPECT_EQ(code_of(store().write(id, {.omap_equals = {{"k", "w"}}, .remove = true})),
            ErrorCode::kConflict);
  EXPECT_TRUE(store().stat(id).ok());
  EXPECT_EQ(*store().write(id, {.version = version, .remove = true}), 0U);
  EXPECT_EQ(code_of(store().stat(id)), ErrorCode::kNotFound);
}

TEST_P(ObjectStoreContract, GuardsAloneTellWithoutChanging) {
  const auto id = metadata();
  const auto version = *store().write(id, {.data = "x", .omap_set = {{"k", "v"}}});
  EXPECT_EQ(*store().write(id, {.version = version}), version);
  EXPECT_EQ(*store().write(id, {.present = true, .omap_equals = {{"k", "v"}}}), version);
  EXPECT_EQ(store().stat(id)->version, version);
  EXPECT_GE(*store().write(id, {.omap_equals = {{"k", "v"}}}), version);
  EXPECT_EQ(*store().read(id, 0, 10), "x");
  EXPECT_EQ(store().omap_get(id, {"k"})->entries.at("k"), "v");
}

TEST_P(ObjectStoreContract, AnyChangeButRemoveMakesTheObject) {
  EXPECT_TRUE(store().write(metadata("exclusively"), {.absent = true}).ok());
  EXPECT_TRUE(store().write(metadata("plainly"), {}).ok());
  EXPECT_TRUE(store().write(metadata("by a guard"), {.omap_equals = {{"k", ""}}}).ok());
  EXPECT_TRUE(store().write(metadata("by taking away"), {.omap_remove = {"k"}}).ok());
  for (const auto* name : {"exclusively", "plainly", "by a guard", "by taking away"}) {
    const auto stat = store().stat(metadata(name));
    ASSERT_TRUE(stat.ok()) << name;
    EXPECT_EQ(stat->bytes, 0U);
    EXPECT_TRUE(store().omap_list(metadata(name), "", "", 1)->entries.empty());
  }
  EXPECT_EQ(code_of(store().write(metadata("never"), {.remove = true})), ErrorCode::kNotFound);
}

TEST_P(ObjectStoreContract, StepsAreDoneInTheirOrder) {
  const auto id = metadata();
  ASSERT_TRUE(store().write(id, {.omap_set = {{"a", "1"}, {"b", "1"}, {"c", "1"}}}).ok());
  ObjectWrite change{.data = "d", .omap_remove = {"a", "b", "x"}, .omap_set = {{"b", "2"}}};
  ASSERT_TRUE(store().write(id, change).ok());
  EXPECT_EQ(store().omap_list(id, "", "", 10)->entries,
            (std::map<std::string, std::string>{{"b", "2"}, {"c", "1"}}));
  EXPECT_EQ(*store().read(id, 0, 10), "d");
}

TEST_P(ObjectStoreContract, VersionsGrowAndAreTheSameEverywhere) {
  const auto id = metadata();
  ObjectVersion before = 0;
  for (int i = 0; i < 20; ++i) {
    const auto other = store().write(metadata("other"), {.data = "x"});
    const auto version = store().write(id, {.omap_set = {{"k", std::to_string(i)}}});
    ASSERT_TRUE(version.ok() && other.ok());
    EXPECT_GT(*version, before);
    before = *version;
    EXPECT_EQ(store().stat(id)->version, before);
    EXPECT_EQ(store().omap_get(id, {"k"})->version, before);
    EXPECT_EQ(store().omap_list(id, "", "", 1)->version, before);
  }
}

TEST_P(ObjectStoreContract, WhatIsRemovedIsGoneAndCanBeMadeAgain) {
  for (const auto& id : {metadata(), data()}) {
    ASSERT_TRUE(store().write(id, {.data = "old"}).ok());
    ASSERT_TRUE(store().write(id, {.remove = true}).ok());
    EXPECT_EQ(code_of(store().read(id, 0, 1)), ErrorCode::kNotFound);
    EXPECT_EQ(code_of(store().stat(id)), ErrorCode::kNotFound);
    EXPECT_EQ(code_of(store().write(id, {.present = true, .data = "x"})), ErrorCode::kNotFound);
    EXPECT_EQ(code_of(store().write(id, {.remove = true})), ErrorCode::kNotFound);
    ASSERT_TRUE(store().write(id, {.absent = true, .data = "new"}).ok());
    EXPECT_EQ(*store().read(id, 0, 10), "new");
  }
}

TEST_P(ObjectStoreContract, NothingOfTheMapComesBackWithARemovedObject) {
  const auto id = metadata();
  ASSERT_TRUE(store().write(id, {.data = "old", .omap_set = {{"k", "v"}}}).ok());
  ASSERT_TRUE(store().write(id, {.remove = true}).ok());
  EXPECT_EQ(code_of(store().omap_get(id, {"k"})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(store().omap_list(id, "", "", 1)), ErrorCode::kNotFound);
  ASSERT_TRUE(store().write(id, {.absent = true}).ok());
  EXPECT_TRUE(store().omap_list(id, "", "", 1)->entries.empty());
  EXPECT_EQ(store().stat(id)->bytes, 0U);
}

TEST_P(ObjectStoreContract, DataObjectsHonourTheGuardsToo) {
  const auto id = data();
  const auto first = store().write(id, {.absent = true, .data = "one"});
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(code_of(store().write(id, {.absent = true, .data = "x"})), ErrorCode::kAlreadyExists);
  EXPECT_EQ(code_of(store().write(data("none"), {.version = *first})), ErrorCode::kNotFound);
  const auto second = store().write(id, {.version = *first, .data = "two"});
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_GT(*second, *first);
  EXPECT_EQ(code_of(store().write(id, {.version = *first, .data = "x"})), ErrorCode::kConflict);
  EXPECT_EQ(code_of(store().write(id, {.version = *first, .remove = true})), ErrorCode::kConflict);
  EXPECT_EQ(*store().read(id, 0, 10), "two");
  EXPECT_EQ(store().stat(id)->version, *second);
  EXPECT_EQ(*store().write(id, {.present = true}), *second);
}

TEST_P(ObjectStoreContract, WhatContradictsItselfIsRefused) {
  const auto id = metadata();
  const std::vector<ObjectWrite> changes = {
      {.absent = true, .present = true},
      {.absent = true, .version = 3},
      {.version = 0},
      {.absent = true, .remove = true},
      {.remove = true, .data = "x"},
      {.remove = true, .omap_set = {{"k", "v"}}},
      {.omap_set = {{"k", ""}}},
      {.omap_set = {{"", "v"}}},
      {.omap_remove = {""}},
  };
  for (const auto& change : changes) {
    EXPECT_EQ(code_of(store().write(id, change)), ErrorCode::kInvalidArgument);
  }
  const std::vector<ObjectWrite> maps = {
      {.omap_set = {{"k", "v"}}}, {.omap_equals = {{"k", ""}}}, {.omap_remove = {"k"}}};
  for (const auto& change : maps) {
    EXPECT_EQ(code_of(store().write(data(), change)), ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(code_of(store().omap_get(data(), {"k"})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of(store().omap_list(data(), "", "", 1)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of(store().omap_list(id, "", "", 0)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of(store().stat(id)), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace storage_objects
