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

}  // namespace
}  // namespace storage
