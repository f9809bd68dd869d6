// Who serves volumes, where nobody has said so.
#include "volume_service.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace program {
namespace {

class ChooseVolumeService : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "larder-choice-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void put_images() {
    std::filesystem::create_directories(images_folder(folder_));
    std::ofstream(images_folder(folder_) / "durable.img") << "x";
  }
  void put_storaged() { std::filesystem::create_directories(storaged_folder(folder_) / "store"); }
  base::Result<VolumeChoice> choose(const base::Status& can) {
    return choose_volume_service(folder_, can);
  }

  std::filesystem::path folder_;
  const base::Status cannot_ = base::Error{base::ErrorCode::kUnsupported, "no /dev/fuse"};
};

TEST_F(ChooseVolumeService, TakesStoragedWhereItCanRunAndSaysNothing) {
  const auto choice = choose({});
  ASSERT_TRUE(choice.ok());
  EXPECT_EQ(choice->service, VolumeService::kStoraged);
  EXPECT_EQ(choice->note, "");
}

TEST_F(ChooseVolumeService, TakesImagesWhereStoragedCannotRunAndSaysWhy) {
  const auto choice = choose(cannot_);
  ASSERT_TRUE(choice.ok());
  EXPECT_EQ(choice->service, VolumeService::kImages);
  EXPECT_NE(choice->note.find("no /dev/fuse"), std::string::npos) << choice->note;
}

TEST_F(ChooseVolumeService, LeavesVolumesWhereTheyAre) {
  put_images();
  EXPECT_EQ(choose({})->service, VolumeService::kImages);
  EXPECT_NE(choose({})->note, "");
  put_storaged();
  EXPECT_EQ(choose({})->service, VolumeService::kStoraged);
}

TEST_F(ChooseVolumeService, RefusesToShowEmptyVolumesInPlaceOfThoseThatItCannotServe) {
  put_storaged();
  const auto refused = choose(cannot_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, base::ErrorCode::kUnsupported);
  EXPECT_NE(refused.error().message.find("no /dev/fuse"), std::string::npos);
}

}  // namespace
}  // namespace program
