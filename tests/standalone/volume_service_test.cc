// Who serves volumes, where nobody has said so.
#include "volume_service.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "testing/scratch_folder.h"

namespace program {
namespace {

class ChooseVolumeService : public testing::Test {
 protected:
  void put_images() {
    std::filesystem::create_directories(images_folder(folder_.path()));
    std::ofstream(images_folder(folder_.path()) / "durable.img") << "x";
  }
  void put_storaged() {
    std::filesystem::create_directories(storaged_folder(folder_.path()) / "store");
  }
  base::Result<VolumeChoice> choose(const base::Status& can) {
    return choose_volume_service(folder_.path(), can);
  }

  const testing_support::ScratchFolder folder_;
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
