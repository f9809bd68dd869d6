// From hints to mounts and back to the record.
#include "invoker_volumes/volume_stager.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

namespace invoker_volumes {
namespace {

using base::Error;
using base::ErrorCode;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

// Volumes with a part for the volume and one for a directory in it; those named "bad" fail.
class TwoPartVolumes final : public storage::VolumeProvider {
 public:
  base::Result<std::unique_ptr<storage::OpenVolume>> open(std::string_view namespace_name,
                                                          std::string_view activation_id,
                                                          const hints::Volume& volume,
                                                          uid_t uid) override {
    note(std::string(namespace_name) + " " + std::string(activation_id) + " " + volume.name + " " +
         std::to_string(uid));
    if (volume.name == "missing") return Error{ErrorCode::kUnavailable, "missing is away"};
    return std::unique_ptr<storage::OpenVolume>(std::make_unique<Opened>(*this, volume.name));
  }
  void note(std::string word) {
    const std::lock_guard lock(mutex_);
    diary_.push_back(std::move(word));
  }
  std::vector<std::string> take_diary() {
    const std::lock_guard lock(mutex_);
    return std::exchange(diary_, {});
  }

 private:
  class Opened final : public storage::OpenVolume {
   public:
    Opened(TwoPartVolumes& all, std::string name) : all_(all), name_(std::move(name)) {}
    ~Opened() override { all_.note("close " + name_); }
    std::vector<storage::VolumePart> take_parts() override {
      std::vector<storage::VolumePart> parts(2);
      parts[1].target = "out";
      parts[1].read_only = true;
      return parts;
    }
    base::Result<storage::VolumeReport> finish(bool succeeded) override {
      all_.note((succeeded ? "commit " : "abort ") + name_);
      if (name_.starts_with("bad")) return Error{ErrorCode::kConflict, name_ + " was changed"};
      storage::VolumeReport report;
      report.name = name_;
      return report;
    }

   private:
    TwoPartVolumes& all_;
    const std::string name_;
  };

  std::mutex mutex_;
  std::vector<std::string> diary_;
};

std::vector<hints::Volume> named(const std::vector<std::string>& names) {
  std::vector<hints::Volume> volumes(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    volumes[i].name = names[i];
    volumes[i].path = "/mnt/" + names[i];
  }
  return volumes;
}

class VolumeStagerTest : public testing::Test {
 protected:
  std::unique_ptr<invoker::StagedFiles> stage(const std::vector<hints::Volume>& volumes) {
    auto staged = stager_.stage({"guest", "0123", volumes});
    EXPECT_TRUE(staged.ok());
    return staged.ok() ? std::move(*staged) : nullptr;
  }
  TwoPartVolumes provider_;
  VolumeStager stager_{provider_, invoker::kActionOwner};
};

TEST_F(VolumeStagerTest, EachPartIsAMountInOrderWithTheActionsOwnFiles) {
  const auto staged = stage(named({"a", "b"}));
  EXPECT_THAT(provider_.take_diary(), ElementsAre("guest 0123 a 1000", "guest 0123 b 1000"));
  std::vector<std::string> targets;
  for (const invoker::Mount& mount : staged->take_mounts()) {
    targets.push_back(mount.target + (mount.read_only ? " ro" : ""));
    EXPECT_EQ(mount.owners, invoker::FileOwners::kContainer);
  }
  EXPECT_THAT(targets, ElementsAre("/mnt/a", "/mnt/a/out ro", "/mnt/b", "/mnt/b/out ro"));
}

TEST_F(VolumeStagerTest, AllEndAlikeAndTheRecordHasEach) {
  const auto staged = stage(named({"a", "b"}));
  provider_.take_diary();
  const auto report = staged->finish(true);
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(provider_.take_diary(), UnorderedElementsAre("commit a", "commit b"));
  ASSERT_EQ(report->items().size(), 2U);
  EXPECT_EQ(report->items()[0].find("name")->as_string(), "a");
}

TEST_F(VolumeStagerTest, TheFirstFailureIsTold) {
  const auto staged = stage(named({"a", "bad1", "bad2"}));
  const auto report = staged->finish(true);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kConflict);
  EXPECT_EQ(report.error().message, "bad1 was changed");
}

TEST_F(VolumeStagerTest, WhereOneCannotBeHadTheOthersAreGivenBack) {
  const auto volumes = named({"a", "missing"});
  const auto staged = stager_.stage({"guest", "0123", volumes});
  ASSERT_FALSE(staged.ok());
  EXPECT_EQ(staged.error().message, "missing is away");
  EXPECT_EQ(provider_.take_diary().back(), "close a");
}

TEST_F(VolumeStagerTest, ANodeWithoutVolumesSaysWhy) {
  NoVolumes none("there is no disk");
  EXPECT_EQ(none.ready().error().code, ErrorCode::kUnsupported);
  const auto volumes = named({"a"});
  EXPECT_EQ(none.stage({"guest", "0123", volumes}).error().message,
            "this node has no volumes: there is no disk");
}

}  // namespace
}  // namespace invoker_volumes
