#include "storage_control/protocol.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace storage_control {
namespace {

using base::ErrorCode;

hints::Volume rich_volume() {
  hints::Volume volume;
  volume.name = "photos";
  volume.owner = "team";
  volume.path = "/mnt/photos";
  volume.lifetime = {hints::Lifetime::Kind::kTtl, std::chrono::minutes(90)};
  volume.isolation = hints::Isolation::kSerializable;
  volume.retry = 3;
  volume.quota_bytes = 1'000'001;
  volume.copies = 2;
  volume.rules = {{"*.part", hints::Tier::kEphemeral}, {"out/**", hints::Tier::kDurable}};
  volume.visible = hints::Visibility::kSealed;
  volume.seal = hints::Seal::kClose;
  volume.fsync = hints::FsyncMeans::kStaging;
  volume.open_at_end = hints::OpenAtEnd::kAbort;
  volume.spill = true;
  return volume;
}

hints::Volume plain_volume() {
  hints::Volume volume;
  volume.name = "books";
  volume.path = "/mnt/books";
  volume.read_only = true;
  return volume;
}

TEST(Protocol, EveryCallComesBackAsItWas) {
  const Place place{"guest", "photos", std::string("a b/\xff%\n\0x", 9)};
  const std::vector<Call> calls = {Hello{"invoker-7"},
                                   Hello{},
                                   Open{7, "guest", "0123abcd", rich_volume(), 65534},
                                   Open{1, "guest", "0123abcd", plain_volume(), 0},
                                   Finish{12, true},
                                   List{place, "\x01name"},
                                   Stat{place},
                                   Usage{Place{}},
                                   Remove{place, true},
                                   Copy{place, true, false},
                                   Share{place, "team", true},
                                   Unshare{place, "team"},
                                   Collect{place},
                                   Check{place, true},
                                   Metrics{}};
  for (const Call& call : calls) {
    const Numbered sent{41, call};
    const auto read = decode_call(encode(sent));
    ASSERT_TRUE(read) << encode(sent) << ": " << read.error().message;
    EXPECT_EQ(*read, sent) << encode(sent);
  }
}

TEST(Protocol, WhatIsWrongInACallIsSaid) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {"[]", "object"},
      {R"({"call":"metrics"})", "\"id\" is missing"},
      {R"({"id":-1,"call":"metrics"})", "\"id\""},
      {R"({"id":1,"call":"explode"})", "unknown call"},
      {R"({"id":1,"call":"hello","protocol":1,"client":"a b"})", "client"},
      {R"({"id":1,"call":"finish","attempt":"x","succeeded":true})", "\"attempt\""},
      {R"({"id":1,"call":"finish","attempt":1,"succeeded":1})", "\"succeeded\""},
      {R"({"id":1,"call":"stat","namespace":"a","volume":"b","path":"%4"})", "encoded"},
      {R"({"id":1,"call":"stat","namespace":"a","volume":"b","path":"%41"})", "encoded"},
      {R"({"id":1,"call":"open","ticket":1,"namespace":"a","activation":"b","uid":0,)"
       R"("volume":{"name":"x","path":"/etc"}})",
       "path"}};
  for (const auto& [text, word] : cases) {
    const auto read = decode_call(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(read.error().message.find(word), std::string::npos) << read.error().message;
  }
}

TEST(Protocol, AnswersCarryValuesAndErrorsOfEveryCode) {
  const auto good = decode_answer(encode(Answer{3, to_json(Opened{9})}));
  ASSERT_TRUE(good);
  EXPECT_EQ(good->id, 3U);
  EXPECT_EQ(opened_from(*good->value)->attempt, 9U);
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    const auto read =
        decode_answer(encode(Answer{4, base::Error{static_cast<ErrorCode>(code), "why \"not\""}}));
    ASSERT_TRUE(read);
    ASSERT_FALSE(read->value);
    EXPECT_EQ(read->value.error().code, static_cast<ErrorCode>(code));
    EXPECT_EQ(read->value.error().message, "why \"not\"");
  }
  EXPECT_FALSE(decode_answer(R"({"id":1,"error":{"code":"odd","message":"x"}})"));
  EXPECT_FALSE(decode_answer(R"({"id":1})"));
}

TEST(Protocol, ReportsComeBackAsTheyWere) {
  storage::VolumeReport report;
  report.name = "job";
  report.path = "/mnt/job";
  report.lifetime = {hints::Lifetime::Kind::kTtl, std::chrono::milliseconds(5)};
  report.isolation = hints::Isolation::kSnapshot;
  report.tiers = {{hints::Tier::kDurable, 10, 20, 30, std::nullopt, false},
                  {hints::Tier::kEphemeral, 1, 2, 3, 4, true}};
  report.traffic = {{hints::Tier::kDurable, 5, 6, 7}};
  report.commit = storage::CommitReport{storage::CommitReport::Kind::kAborted, 0, 2, "because"};
  report.open_at_end = {"out/a", "b\xff"};
  const auto read = report_from(report_to_json(report));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->open_at_end, report.open_at_end);
  EXPECT_EQ(report_to_json(*read), report_to_json(report));
  EXPECT_EQ(storage::to_json(*read), storage::to_json(report));
}

}  // namespace
}  // namespace storage_control
