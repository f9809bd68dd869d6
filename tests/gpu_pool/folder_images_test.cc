#include "gpu_pool/folder_images.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "testing/scratch_folder.h"

namespace gpu_pool {
namespace {

namespace fs = std::filesystem;

gpu_session::Image image_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
}

class FolderImagesTest : public ::testing::Test {
 protected:
  gpu_wire::Digest add(const std::string& text) {
    const auto image = image_of(text);
    const auto digest = gpu_wire::digest_of(*image);
    images_.add(digest, image);
    return digest;
  }
  fs::path only_file() { return fs::directory_iterator(folder_.path())->path(); }

  testing_support::ScratchFolder folder_;
  FolderImages images_{folder_.path(), 1000};
};

TEST_F(FolderImagesTest, WhatWasAddedIsFoundByAnotherSession) {
  const auto digest = add("code");
  FolderImages other(folder_.path(), 1000);
  const auto found = other.find(digest);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(*found, *image_of("code"));
  EXPECT_EQ(known_bytes(folder_.path(), {&digest, 1}), 4u);
}

TEST_F(FolderImagesTest, WhatSomebodyChangedIsNotBelievedAndRemoved) {
  const auto digest = add("code");
  std::ofstream(only_file()) << "evil";
  EXPECT_EQ(images_.find(digest), nullptr);
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(FolderImagesTest, LinksAndPipesAreNotFollowed) {
  const auto digest = add("code");
  const fs::path name = only_file();
  const fs::path elsewhere = folder_.path() / "elsewhere";
  fs::rename(name, elsewhere);
  fs::create_symlink(elsewhere, name);
  EXPECT_EQ(images_.find(digest), nullptr);
  fs::remove(name);
  ASSERT_EQ(::mkfifo(name.c_str(), 0600), 0);
  EXPECT_EQ(images_.find(digest), nullptr);
}

TEST_F(FolderImagesTest, LargeOnesAreNotKept) {
  EXPECT_EQ(images_.find(add(std::string(1001, 'x'))), nullptr);
  EXPECT_NE(images_.find(add(std::string(1000, 'x'))), nullptr);
}

TEST_F(FolderImagesTest, WhatWasNotUsedForLongestGoesFirst) {
  const auto first = add(std::string(400, 'a'));
  const auto first_file = only_file();
  const auto second = add(std::string(400, 'b'));
  const auto now = fs::file_time_type::clock::now();
  for (const auto& item : fs::directory_iterator(folder_.path())) {
    fs::last_write_time(item, now - std::chrono::hours(item.path() == first_file ? 2 : 1));
  }
  EXPECT_NE(images_.find(first), nullptr);  // used now
  EXPECT_EQ(prune(folder_.path(), 500), 400u);
  EXPECT_NE(images_.find(first), nullptr);
  EXPECT_EQ(images_.find(second), nullptr);
}

}  // namespace
}  // namespace gpu_pool
