#include "answers.h"

#include <gtest/gtest.h>

namespace invoker_docker {
namespace {

TEST(DockerAnswers, TheVersionOfTheApiIsOneThatBothSidesKnow) {
  const auto chosen = [](const char* least, const char* most) {
    const auto api = choose_api({most, least});
    return api.ok() ? *api : api.error().message;
  };
  EXPECT_EQ(chosen("1.12", "1.41"), "1.41");
  EXPECT_EQ(chosen("1.24", "1.47"), "1.41");
  EXPECT_EQ(chosen("1.44", "1.52"), "1.44");
  EXPECT_EQ(chosen("", "1.30"), "1.30");
  EXPECT_EQ(choose_api({"1.18", "1.12"}).error().code, base::ErrorCode::kUnsupported);
  EXPECT_FALSE(parse_version(R"({"ApiVersion":"new"})").ok());
  EXPECT_FALSE(parse_version("<html>").ok());
}

TEST(DockerAnswers, AnInspectedContainerSaysWhereAndHowItIs) {
  const auto found = parse_inspected(
      R"({"Id":"abc","LogPath":"/x/abc-json.log","State":{"Running":true,"Paused":true,)"
      R"("OOMKilled":true,"Pid":4711},"NetworkSettings":{"IPAddress":"172.17.0.9",)"
      R"("Networks":{"other":{"IPAddress":"10.0.0.1"},"bridge":{"IPAddress":"172.17.0.2"}}}})",
      "bridge");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->id, "abc");
  EXPECT_EQ(found->pid, 4711);
  EXPECT_EQ(found->address, "172.17.0.2");
  EXPECT_EQ(found->log_path, "/x/abc-json.log");
  EXPECT_TRUE(found->running && found->paused && found->oom_killed);
}

TEST(DockerAnswers, ANetworkSaysWhichBridgeItHas) {
  const auto bridge = [](const char* text) { return parse_bridge(text); };
  EXPECT_EQ(*bridge(R"({"Id":"abc","Driver":"bridge",)"
                    R"("Options":{"com.docker.network.bridge.name":"docker0"}})"),
            "docker0");
  EXPECT_EQ(*bridge(R"({"Id":"0123456789abcdef","Driver":"bridge","Options":{}})"),
            "br-0123456789ab");
  EXPECT_EQ(*bridge(R"({"Id":"abc","Driver":"host","Options":null})"), "");
  EXPECT_FALSE(bridge("{}").ok());
  EXPECT_FALSE(bridge("<html>").ok());
}

TEST(DockerAnswers, WhatAnInspectedContainerLacksIsEmpty) {
  const auto found = parse_inspected(R"({"Id":"abc","State":{"Pid":-3}})", "bridge");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->pid, 0);
  EXPECT_EQ(found->address, "");
  EXPECT_FALSE(found->running);
  EXPECT_FALSE(parse_inspected(R"({"Id":"abc"})", "bridge").ok());
  EXPECT_FALSE(parse_inspected(R"([])", "bridge").ok());
  EXPECT_FALSE(parse_inspected("", "bridge").ok());
}

TEST(DockerAnswers, AListHasIdsNamesAndStates) {
  const auto list =
      parse_list(R"([{"Id":"a","Names":["/wsk00_1_x","/x/alias"],"State":"paused"},)"
                 R"({"Id":"b","Names":["/c"],"State":"running"},{"Names":["/d"]},{"Id":"e"},7])");
  ASSERT_TRUE(list.ok());
  ASSERT_EQ(list->size(), 2U);
  EXPECT_EQ((*list)[0].names[0], "/wsk00_1_x");
  EXPECT_TRUE((*list)[0].paused);
  EXPECT_FALSE((*list)[1].paused);
  EXPECT_FALSE(parse_list("{}").ok());
}

TEST(DockerAnswers, AnEventHasItsActionAndItsContainer) {
  const auto event = parse_event(R"({"Type":"container","Action":"die","Actor":{"ID":"abc"}})");
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->action, "die");
  EXPECT_EQ(event->id, "abc");
  EXPECT_EQ(parse_event(R"({"Action":"die","id":"old"})")->id, "old");
  EXPECT_FALSE(parse_event(R"({"Action":"die"})").has_value());
  EXPECT_FALSE(parse_event("garbage").has_value());
}

TEST(DockerAnswers, APullTellsItsFailureInALine) {
  EXPECT_EQ(pull_error(R"({"status":"Pulling from library/x"})"), std::nullopt);
  EXPECT_EQ(pull_error(R"({"errorDetail":{"message":"no"},"error":"manifest unknown"})"),
            "manifest unknown");
  EXPECT_EQ(pull_error("not json"), std::nullopt);
}

TEST(DockerAnswers, AFailureIsItsMessageOrItsText) {
  EXPECT_EQ(failure_of(R"({"message":"No such image: x"})"), "No such image: x");
  EXPECT_EQ(failure_of("page not found"), "page not found");
  EXPECT_EQ(failure_of(std::string(5'000, 'x')).size(), 1024U);
}

TEST(DockerAnswers, LinesComeWholeHoweverTheirBytesCome) {
  Lines lines(8);
  EXPECT_TRUE(lines.add("on"));
  EXPECT_EQ(lines.take(), std::nullopt);
  EXPECT_TRUE(lines.add("e\ntwo\nth"));
  EXPECT_EQ(lines.take(), "one");
  EXPECT_EQ(lines.take(), "two");
  EXPECT_EQ(lines.take(), std::nullopt);
  EXPECT_FALSE(lines.add("rough the wall"));
}

}  // namespace
}  // namespace invoker_docker
