// What only the embedded store can get into: locks, damage, and a full disk.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <future>

#include "object_header.h"
#include "storage_embedded/embedded_store.h"
#include "testing/scratch_folder.h"

namespace storage_objects {
namespace {

using base::ErrorCode;
using storage::ObjectId;
using storage::Pool;
namespace fs = std::filesystem;

base::Result<std::unique_ptr<storage::ObjectStore>> open_in(const fs::path& folder) {
  storage_embedded::EmbeddedOptions options;
  options.directory = folder;
  return storage_embedded::open_store(options);
}

const ObjectId kMeta{Pool::kMetadata, "s", "object"};
const ObjectId kFile{Pool::kData, "s", "object"};

// The one file of the one data object.
fs::path only_file(const fs::path& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder / "data")) {
    if (entry.is_regular_file()) return entry.path();
  }
  return {};
}

TEST(EmbeddedStore, OneAtATimeAndTheErrorSaysWho) {
  const testing_support::ScratchFolder folder;
  auto first = open_in(folder.path());
  ASSERT_TRUE(first.ok());
  const auto second = open_in(folder.path());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
  *first = nullptr;
  EXPECT_TRUE(open_in(folder.path()).ok());
}

TEST(EmbeddedStore, ThereIsAllAfterAnEndAndANewStart) {
  const testing_support::ScratchFolder folder;
  storage::ObjectVersion metadata = 0, file = 0;
  {
    auto store = *open_in(folder.path());
    metadata = *store->write(kMeta, {.data = "m", .omap_set = {{"k", "v"}}});
    file = *store->write(kFile, {.data = "f"});
  }
  auto store = *open_in(folder.path());
  EXPECT_EQ(store->stat(kMeta)->version, metadata);
  EXPECT_EQ(store->stat(kFile)->version, file);
  EXPECT_EQ(*store->read(kFile, 0, 10), "f");
  EXPECT_EQ(store->omap_get(kMeta, {"k"})->entries.at("k"), "v");
  EXPECT_GT(*store->write(kMeta, {.version = metadata, .data = "n"}), metadata);
  EXPECT_GT(*store->write(kFile, {.version = file, .data = "n"}), file);
}

TEST(EmbeddedStore, RequestsUnderWayAreDoneAtTheEnd) {
  const testing_support::ScratchFolder folder;
  std::atomic<int> answered = 0;
  {
    auto store = *open_in(folder.path());
    for (int i = 0; i < 100; ++i) {
      const ObjectId id{i % 2 == 0 ? Pool::kMetadata : Pool::kData, "s", std::to_string(i)};
      store->write(id, {.data = "x"}, [&, id, raw = store.get()](auto written) {
        EXPECT_TRUE(written.ok());
        raw->stat(id, [&](auto stat) {
          EXPECT_TRUE(stat.ok());
          ++answered;
        });
      });
    }
  }
  EXPECT_EQ(answered, 100);
}

TEST(EmbeddedStore, AFileThatWasCutIsDataLossAndCanBeReplaced) {
  const testing_support::ScratchFolder folder;
  auto store = *open_in(folder.path());
  ASSERT_TRUE(store->write(kFile, {.data = std::string(10'000, 'x')}).ok());
  for (const std::uintmax_t size : {9000, 4096, 100, 0}) {
    fs::resize_file(only_file(folder.path()), size);
    EXPECT_EQ(store->read(kFile, 0, 10).error().code, ErrorCode::kDataLoss);
    EXPECT_EQ(store->stat(kFile).error().code, ErrorCode::kDataLoss);
    EXPECT_EQ(store->write(kFile, {.absent = true, .data = "y"}).error().code,
              ErrorCode::kAlreadyExists);
  }
  ASSERT_TRUE(store->write(kFile, {.data = "whole"}).ok());
  EXPECT_EQ(*store->read(kFile, 0, 10), "whole");
  fs::resize_file(only_file(folder.path()), 10);
  EXPECT_TRUE(store->write(kFile, {.remove = true}).ok());
  EXPECT_EQ(store->stat(kFile).error().code, ErrorCode::kNotFound);
}

TEST(EmbeddedStore, WhatIsNoStoreIsNotOpened) {
  const testing_support::ScratchFolder folder;
  std::ofstream(folder.path() / "objects.db") << std::string(8192, 'x');
  const auto store = open_in(folder.path());
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, ErrorCode::kDataLoss);
}

TEST(EmbeddedStore, TheHeaderOfAFileIsReadBackOrRefused) {
  const storage_embedded::ObjectHeader header{7, 9, std::string(256, 's'), std::string(2048, 'n')};
  const std::string bytes = encode(header);
  ASSERT_EQ(bytes.size(), storage_embedded::kHeaderBytes);
  EXPECT_EQ(*storage_embedded::decode(bytes), header);
  EXPECT_FALSE(storage_embedded::decode(bytes.substr(1)).ok());
  EXPECT_FALSE(storage_embedded::decode(std::string(bytes.size(), '\xff')).ok());
  EXPECT_FALSE(storage_embedded::decode(std::string(bytes.size(), '\0')).ok());
}

// In a process of its own: the small disk goes with its mount namespace.
int fill_a_small_disk(const fs::path& folder) {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", "", MS_REC | MS_PRIVATE, "") != 0 ||
      ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=96m") != 0) {
    return 77;
  }
  auto store = *open_in(folder);
  for (const Pool pool : {Pool::kData, Pool::kMetadata}) {
    CHECK(store->write({pool, "s", "before"}, {.data = "x"}).ok());
    int made = 0;
    base::ErrorCode code{};
    for (; made < 1000; ++made) {
      const auto full =
          store->write({pool, "s", std::to_string(made)}, {.data = std::string(200'000, 'x')});
      if (full.ok()) continue;
      code = full.error().code;
      break;
    }
    CHECK(code == ErrorCode::kNoSpace);
    CHECK(*store->read({pool, "s", "before"}, 0, 10) == "x");
    CHECK(store->stat({pool, "s", std::to_string(made)}).error().code == ErrorCode::kNotFound);
    for (int i = 0; i < made; ++i) {
      CHECK(store->write({pool, "s", std::to_string(i)}, {.remove = true}).ok());
    }
    if (pool == Pool::kData) CHECK(store->write({pool, "s", "after"}, {.data = "y"}).ok());
  }
  return 0;
}

TEST(EmbeddedStore, AFullDiskIsNoSpaceAndNothingElseIsLost) {
  const testing_support::ScratchFolder folder;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(fill_a_small_disk(folder.path()));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "this user may not mount";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace storage_objects
