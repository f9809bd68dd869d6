#include <gtest/gtest.h>

#include <chrono>

#include "bad_couch.h"
#include "couch.h"
#include "invoker_couchdb/namespace_blacklist.h"
#include "testing/eventually.h"
#include "testing/services.h"

namespace invoker_couchdb {
namespace {

using base::Json;
using couch_tests::ActionServer;
using couch_tests::Couch;
using couch_tests::HttpRequest;
using std::chrono::hours;
using std::chrono::milliseconds;
using testing_support::eventually;
using testing_support::http_answer;
using testing_support::send_text;

BlacklistConfig config_for(const CouchSettings& settings, milliseconds interval) {
  return {.couch = settings, .interval = interval, .retry_first = milliseconds(5)};
}

// The names of a run are new, so that earlier documents say nothing of them.
TEST(NamespaceBlacklist, HoldsWhomTheDatabaseBlocks) {
  NEEDS_SERVICE("couchdb");
  const CouchSettings settings = couch_tests::shared_settings();
  Couch couch(settings);
  const std::string run =
      std::to_string(std::chrono::system_clock::now().time_since_epoch().count());
  couch.put(couch.subjects, "a" + run + "/limits", Json::object({{"concurrentInvocations", 0}}));
  couch.put(couch.subjects, "b" + run + "/limits", Json::object({{"invocationsPerMinute", 0}}));
  couch.put(couch.subjects, "c" + run + "/limits", Json::object({{"invocationsPerMinute", 1}}));
  Json spaces = Json::array();
  spaces.append(Json::object({{"name", "d" + run}, {"uuid", "u"}, {"key", "k"}}));
  spaces.append(Json::object({{"name", "e" + run}, {"uuid", "u"}, {"key", "k"}}));
  couch.put(couch.subjects, "s" + run,
            Json::object({{"subject", "s" + run}, {"blocked", true}, {"namespaces", spaces}}));
  couch_tests::Log log;
  NamespaceBlacklist blacklist(config_for(settings, milliseconds(20)), log.log);
  EXPECT_TRUE(eventually([&] { return blacklist.is_blocked("e" + run); }));
  EXPECT_TRUE(blacklist.is_blocked("a" + run));
  EXPECT_TRUE(blacklist.is_blocked("b" + run));
  EXPECT_FALSE(blacklist.is_blocked("c" + run));
  EXPECT_TRUE(blacklist.is_blocked("d" + run));
  EXPECT_FALSE(blacklist.is_blocked("s" + run));
}

TEST(NamespaceBlacklist, AsksForTheViewThatOpenWhiskAsksFor) {
  ActionServer server(
      [](const HttpRequest&, int fd) { return send_text(fd, http_answer(200, R"({"rows":[]})")); },
      ActionServer::Transport::kTcp);
  couch_tests::Log log;
  NamespaceBlacklist blacklist(config_for(couch_tests::settings_for(server.port()), hours(1)),
                               log.log);
  ASSERT_TRUE(eventually([&] { return !server.requests().empty(); }));
  EXPECT_EQ(server.requests()[0].line,
            "GET /whisk_local_subjects/_design/namespaceThrottlings/_view/blockedNamespaces"
            "?stale=update_after&descending=true&reduce=false HTTP/1.1");
}

TEST(NamespaceBlacklist, KeepsWhatItKnowsWhileTheDatabaseTalksNonsense) {
  std::mutex mutex;
  std::string answer = http_answer(200, R"({"rows":[{"id":"x","key":"bad","value":1}]})");
  ActionServer server(
      [&](const HttpRequest&, int fd) {
        const std::lock_guard lock(mutex);
        return send_text(fd, answer);
      },
      ActionServer::Transport::kTcp);
  couch_tests::Log log;
  NamespaceBlacklist blacklist(config_for(couch_tests::settings_for(server.port()), hours(1)),
                               log.log);
  ASSERT_TRUE(eventually([&] { return blacklist.is_blocked("bad"); }));
  for (const std::string& nonsense :
       {http_answer(500, "{}"), http_answer(200, "{}"), http_answer(200, "<html>"),
        http_answer(200, R"({"rows":[{"key":1}]})"), http_answer(404, "{}")}) {
    {
      const std::lock_guard lock(mutex);
      answer = nonsense;
    }
    EXPECT_FALSE(blacklist.refresh()) << nonsense;
    EXPECT_TRUE(blacklist.is_blocked("bad"));
  }
  {
    const std::lock_guard lock(mutex);
    answer = http_answer(200, R"({"rows":[]})");
  }
  EXPECT_TRUE(blacklist.refresh());
  EXPECT_FALSE(blacklist.is_blocked("bad"));
}

TEST(NamespaceBlacklist, AsksSoonAgainWhereTheFirstAnswerFailed) {
  std::atomic<int> asked = 0;
  ActionServer server(
      [&](const HttpRequest&, int fd) {
        return send_text(fd, ++asked < 3 ? http_answer(500, "{}")
                                         : http_answer(200, R"({"rows":[{"key":"bad"}]})"));
      },
      ActionServer::Transport::kTcp);
  couch_tests::Log log;
  NamespaceBlacklist blacklist(config_for(couch_tests::settings_for(server.port()), hours(1)),
                               log.log);
  EXPECT_TRUE(eventually([&] { return blacklist.is_blocked("bad"); }));
}

}  // namespace
}  // namespace invoker_couchdb
