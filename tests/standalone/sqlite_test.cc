#include <gtest/gtest.h>

#include <fstream>

#include "standalone/sqlite_activation_store.h"
#include "standalone/sqlite_entity_store.h"
#include "testing/fake_clock.h"
#include "testing/scratch_folder.h"

namespace {

using standalone::Entity;
using standalone::EntityStore;
using standalone::open_sqlite_entity_store;

TEST(SqliteEntityStore, KeepsWhatIsInItWhenItIsOpenedAgain) {
  const testing_support::ScratchFolder folder;
  Entity entity;
  entity.id = "guest/hello";
  entity.namespace_name = "guest";
  entity.document = base::Json::object({{"name", "hello"}});
  const std::string revision =
      open_sqlite_entity_store(folder.path() / "e.db").value()->put(entity).value();
  const auto again = open_sqlite_entity_store(folder.path() / "e.db");
  EXPECT_EQ((*again)->get("guest/hello", EntityStore::With::kDocument)->revision, revision);
}

TEST(SqliteEntityStore, SaysThatAFileIsNoDatabase) {
  const testing_support::ScratchFolder folder;
  std::ofstream(folder.path() / "e.db") << std::string(5000, 'x');
  const auto store = open_sqlite_entity_store(folder.path() / "e.db");
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, base::ErrorCode::kDataLoss);
}

TEST(SqliteEntityStore, SaysThatAFolderIsMissing) {
  const auto store = open_sqlite_entity_store("/nowhere/at/all/e.db");
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, base::ErrorCode::kUnavailable);
}

TEST(SqliteEntityStore, RefusesAFileOfALaterVersion) {
  const testing_support::ScratchFolder folder;
  {
    ASSERT_TRUE(open_sqlite_entity_store(folder.path() / "e.db").ok());
  }
  std::fstream file(folder.path() / "e.db", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(60);  // where SQLite's file format keeps the user version
  file.write("\0\0\0\x63", 4);
  file.close();
  const auto store = open_sqlite_entity_store(folder.path() / "e.db");
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, base::ErrorCode::kUnsupported);
  EXPECT_NE(store.error().message.find("schema 99"), std::string::npos) << store.error().message;
}

}  // namespace
