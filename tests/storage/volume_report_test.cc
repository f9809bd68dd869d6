#include <gtest/gtest.h>

#include "storage/volume_provider.h"

namespace storage {
namespace {

TEST(VolumeReport, EveryFieldIsInTheRecord) {
  VolumeReport report;
  report.name = "job";
  report.path = "/mnt/job";
  report.tier = hints::Tier::kEphemeral;
  report.lifetime.kind = hints::Lifetime::Kind::kActivation;
  report.tiers = {{hints::Tier::kEphemeral, 1000, 0, 5, 1, true},
                  {hints::Tier::kDurable, 2000, 700, 600, std::nullopt, false}};
  EXPECT_EQ(to_json(report).to_string(),
            R"({"name":"job","path":"/mnt/job","tier":"ephemeral","lifetime":"activation",)"
            R"("isolation":"none","readOnly":false,)"
            R"("ephemeral":{"quotaBytes":1000,"bytesBefore":0,"bytesAfter":5,"bytesAdded":5,)"
            R"("files":1,"exact":true},)"
            R"("durable":{"quotaBytes":2000,"bytesBefore":700,"bytesAfter":600,)"
            R"("bytesAdded":-100,"exact":false}})");
}

TEST(VolumeReport, TellsHowTheTransactionEndedAndWhatWasMoved) {
  VolumeReport report;
  report.name = "job";
  report.path = "/mnt/job";
  report.isolation = hints::Isolation::kSnapshot;
  report.commit = CommitReport{CommitReport::Kind::kOk, 17, 0, ""};
  report.traffic = {{hints::Tier::kDurable, 1, 2, 3}};
  const std::string head =
      R"({"name":"job","path":"/mnt/job","tier":"durable","lifetime":"volume",)"
      R"("isolation":"snapshot","readOnly":false,)";
  const std::string traffic =
      R"("durable":{"readLocalBytes":1,"readRemoteBytes":2,"writtenBytes":3}})";
  EXPECT_EQ(to_json(report).to_string(), head + R"x("commit":"ok","commitNumber":17,)x" + traffic);
  report.commit->retries = 2;
  EXPECT_EQ(to_json(report).find("commit")->as_string(), "retried(2)");
  report.commit = CommitReport{CommitReport::Kind::kAborted, 0, 0, "the action failed"};
  EXPECT_EQ(to_json(report).to_string(),
            head + R"x("commit":"aborted(the action failed)",)x" + traffic);
}

}  // namespace
}  // namespace storage
