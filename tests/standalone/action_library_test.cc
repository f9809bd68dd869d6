#include "standalone/action_library.h"

#include <gtest/gtest.h>

#include "testing/memory_entity_store.h"

namespace {

using standalone::ActionLibrary;
using standalone::Entity;

class ActionLibraryTest : public ::testing::Test {
 protected:
  void put(const std::string& name, std::size_t code_bytes = 10) {
    Entity entity;
    entity.id = "guest/" + name;
    entity.namespace_name = "guest";
    const auto present = store.get(entity.id, standalone::EntityStore::With::kDocument);
    if (present.ok()) entity.revision = present->revision;
    entity.document = base::Json::parse(R"({"namespace":"guest","name":")" + name + R"(",
      "version":"0.0.1","exec":{"kind":"python:3","binary":true,"main":"m"},"publish":true,
      "parameters":[],"annotations":[{"key":"a","value":1}],
      "limits":{"timeout":100,"memory":128,"logs":1,"concurrency":2}})")
                          .value();
    entity.attachment = std::string(code_bytes, 'c');
    ASSERT_TRUE(store.put(entity).ok());
  }

  testing_support::MemoryEntityStore store;
};

TEST_F(ActionLibraryTest, ParsesTheWholeAction) {
  put("a");
  ActionLibrary library(store);
  const auto action = library.fetch("guest/a").value();
  EXPECT_EQ(action->full_name(), "guest/a");
  EXPECT_EQ(action->exec.kind, "python:3");
  EXPECT_EQ(action->exec.code, std::string(10, 'c'));
  EXPECT_EQ(action->exec.main, "m");
  EXPECT_TRUE(action->exec.binary);
  EXPECT_EQ(action->limits.memory_bytes, 128 << 20);
  EXPECT_EQ(action->limits.concurrency, 2);
  EXPECT_EQ(action->revision.substr(0, 2), "1-");
}

TEST_F(ActionLibraryTest, AsksTheStoreOnceUntilTheActionChanges) {
  put("a");
  ActionLibrary library(store);
  const auto first = library.fetch("guest/a").value();
  store.fail_next({base::ErrorCode::kUnavailable, "must not be asked"});
  EXPECT_EQ(library.fetch("guest/a").value(), first);
  EXPECT_EQ(library.fetch("guest/a", first->revision).value(), first);
  library.forget("guest/a");
  EXPECT_FALSE(library.fetch("guest/a").ok());
  EXPECT_NE(library.fetch("guest/a").value(), first);
}

TEST_F(ActionLibraryTest, GivesTheLatestWhenTheRevisionIsGone) {
  put("a");
  ActionLibrary library(store);
  const auto first = library.fetch("guest/a").value();
  put("a");
  library.forget("guest/a");
  EXPECT_EQ(library.fetch("guest/a", first->revision).value()->revision.substr(0, 2), "2-");
}

TEST_F(ActionLibraryTest, KeepsNoMoreThanItMay) {
  put("a", 50'000);
  put("b", 50'000);
  put("huge", 200'000);
  ActionLibrary library(store, 100'000);
  ASSERT_TRUE(library.fetch("guest/a").ok());
  ASSERT_TRUE(library.fetch("guest/b").ok());
  EXPECT_FALSE(library.holds("guest/a"));
  EXPECT_TRUE(library.holds("guest/b"));
  ASSERT_TRUE(library.fetch("guest/huge").ok());
  EXPECT_FALSE(library.holds("guest/huge"));
}

TEST_F(ActionLibraryTest, WhatCannotBeReadIsDataLoss) {
  Entity entity;
  entity.id = "guest/bad";
  entity.namespace_name = "guest";
  entity.document = base::Json::parse(R"({"namespace":"guest","name":"bad"})").value();
  ASSERT_TRUE(store.put(entity).ok());
  ActionLibrary library(store);
  EXPECT_EQ(library.fetch("guest/bad").error().code, base::ErrorCode::kDataLoss);
  EXPECT_EQ(library.fetch("guest/none").error().code, base::ErrorCode::kNotFound);
}

}  // namespace
