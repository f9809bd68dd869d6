// What every entity store must do.
#include "standalone/entity_store.h"

#include <gtest/gtest.h>

#include <memory>

#include "standalone/sqlite_entity_store.h"
#include "testing/memory_entity_store.h"
#include "testing/scratch_folder.h"

namespace {

using standalone::Collection;
using standalone::Entity;
using standalone::EntityQuery;
using standalone::EntityStore;

struct InMemory {
  testing_support::MemoryEntityStore store;
  EntityStore& get() { return store; }
};

struct InSqlite {
  testing_support::ScratchFolder folder;
  std::unique_ptr<EntityStore> store =
      standalone::open_sqlite_entity_store(folder.path() / "entities.db").value();
  EntityStore& get() const { return *store; }
};

Entity entity(const std::string& id, std::int64_t updated_ms = 1) {
  Entity made;
  made.id = id;
  made.namespace_name = id.substr(0, id.find('/'));
  made.updated_ms = updated_ms;
  made.document = base::Json::object({{"name", id.substr(id.rfind('/') + 1)}, {"n", 1}});
  return made;
}

template <typename Kept>
class EntityStoreTest : public ::testing::Test {
 protected:
  EntityStore& store() { return kept_.get(); }
  std::vector<std::string> ids(const EntityQuery& query) {
    std::vector<std::string> found;
    const auto entities = store().list(query);
    for (const Entity& one : *entities) found.push_back(one.id);
    return found;
  }

 private:
  Kept kept_;
};

using Stores = ::testing::Types<InMemory, InSqlite>;
TYPED_TEST_SUITE(EntityStoreTest, Stores);

TYPED_TEST(EntityStoreTest, WhatWasPutIsReadBackWithIdAndRevision) {
  Entity hello = entity("guest/hello");
  hello.document.set("big", base::Json::number("12345678901234567890.10"));
  hello.attachment = std::string("code\0with\xff bytes", 16);
  const std::string revision = this->store().put(hello).value();
  EXPECT_EQ(revision.substr(0, 2), "1-");
  EXPECT_EQ(revision.size(), 34u);
  const Entity read = this->store().get("guest/hello", EntityStore::With::kAttachment).value();
  EXPECT_EQ(read.revision, revision);
  EXPECT_EQ(read.namespace_name, "guest");
  EXPECT_EQ(read.updated_ms, 1);
  EXPECT_EQ(read.attachment, hello.attachment);
  EXPECT_EQ(read.document.find("_id")->as_string(), "guest/hello");
  EXPECT_EQ(read.document.find("_rev")->as_string(), revision);
  EXPECT_EQ(read.document.find("big")->number_text(), "12345678901234567890.10");
}

TYPED_TEST(EntityStoreTest, TheAttachmentIsReadOnlyWhenAskedFor) {
  Entity hello = entity("guest/hello");
  hello.attachment = "code";
  ASSERT_TRUE(this->store().put(hello).ok());
  EXPECT_FALSE(
      this->store().get("guest/hello", EntityStore::With::kDocument)->attachment.has_value());
  EXPECT_FALSE(this->store().list({"guest", Collection::kActions, {}, 0, 9})->at(0).attachment);
}

TYPED_TEST(EntityStoreTest, AnUnknownIdIsNotFound) {
  const auto read = this->store().get("guest/none", EntityStore::With::kDocument);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, base::ErrorCode::kNotFound);
  EXPECT_EQ(this->store().remove("guest/none", "1-a").error().code, base::ErrorCode::kNotFound);
}

TYPED_TEST(EntityStoreTest, CreatingWhatExistsIsAConflict) {
  ASSERT_TRUE(this->store().put(entity("guest/hello")).ok());
  const auto again = this->store().put(entity("guest/hello"));
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, base::ErrorCode::kConflict);
}

TYPED_TEST(EntityStoreTest, OnlyTheRevisionThatWasReadCanBeReplaced) {
  Entity hello = entity("guest/hello");
  const std::string first = this->store().put(hello).value();
  hello.revision = first;
  hello.document.set("n", 2);
  const std::string second = this->store().put(hello).value();
  EXPECT_EQ(second.substr(0, 2), "2-");
  const auto late = this->store().put(hello);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, base::ErrorCode::kConflict);
  EXPECT_EQ(*this->store()
                 .get("guest/hello", EntityStore::With::kDocument)
                 ->document.find("n")
                 ->as_int64(),
            2);
}

TYPED_TEST(EntityStoreTest, ReplacingWhatIsGoneIsAConflict) {
  Entity hello = entity("guest/hello");
  hello.revision = this->store().put(hello).value();
  ASSERT_TRUE(this->store().remove("guest/hello", hello.revision).ok());
  const auto late = this->store().put(hello);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, base::ErrorCode::kConflict);
}

TYPED_TEST(EntityStoreTest, OnlyTheRevisionThatWasReadCanBeRemoved) {
  const std::string revision = this->store().put(entity("guest/hello")).value();
  EXPECT_EQ(this->store().remove("guest/hello", "1-other").error().code,
            base::ErrorCode::kConflict);
  EXPECT_TRUE(this->store().remove("guest/hello", revision).ok());
  EXPECT_FALSE(this->store().get("guest/hello", EntityStore::With::kDocument).ok());
}

TYPED_TEST(EntityStoreTest, ListsAreOfOneNamespaceAndCollectionNewestFirst) {
  ASSERT_TRUE(this->store().put(entity("guest/old", 1)).ok());
  ASSERT_TRUE(this->store().put(entity("guest/new", 3)).ok());
  ASSERT_TRUE(this->store().put(entity("guest/pkg/mid", 2)).ok());
  ASSERT_TRUE(this->store().put(entity("other/x", 9)).ok());
  Entity trigger = entity("guest/t", 9);
  trigger.collection = Collection::kTriggers;
  ASSERT_TRUE(this->store().put(trigger).ok());
  EntityQuery query{"guest", Collection::kActions, {}, 0, 30};
  EXPECT_EQ(this->ids(query),
            (std::vector<std::string>{"guest/new", "guest/pkg/mid", "guest/old"}));
  EXPECT_EQ(this->store().count(query).value(), 3);
  query.skip = 1;
  query.limit = 1;
  EXPECT_EQ(this->ids(query), std::vector<std::string>{"guest/pkg/mid"});
  EXPECT_EQ(this->store().count(query).value(), 3);
  query.skip = 7;
  EXPECT_TRUE(this->ids(query).empty());
  EXPECT_EQ(this->ids({"guest", Collection::kActions, "guest/pkg", 0, 30}),
            std::vector<std::string>{"guest/pkg/mid"});
  EXPECT_EQ(this->ids({"guest", Collection::kTriggers, {}, 0, 30}),
            std::vector<std::string>{"guest/t"});
}

}  // namespace
