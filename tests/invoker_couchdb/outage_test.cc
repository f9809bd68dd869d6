// A real database that is killed and comes back, and an invoker that is killed meanwhile.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <thread>

#include "bad_couch.h"
#include "couch.h"
#include "invoker_couchdb/couch_actions.h"
#include "invoker_couchdb/couch_activations.h"
#include "testing/eventually.h"
#include "testing/services.h"

namespace invoker_couchdb {
namespace {

using base::ErrorCode;
using couch_tests::Couch;
using couch_tests::OwnService;
using testing_support::eventually;

base::Instant soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(30); }

class Outage : public ::testing::Test {
 protected:
  void SetUp() override { NEEDS_SERVICE("couchdb"); }

  CouchActivationsConfig config() const {
    CouchActivationsConfig config;
    config.couch = service_settings_;
    config.spill_folder = folder_.path() / "records";
    config.retry_max = std::chrono::milliseconds(200);
    return config;
  }
  void store(CouchActivations& store, const std::string& prefix, int count) {
    for (int i = 0; i < count; ++i) {
      const std::string id = prefix + "/" + std::to_string(i);
      ASSERT_TRUE(store.store({id, R"({"_id":")" + id + R"("})"}));
    }
  }

  couch_tests::Log log_;
  testing_support::ScratchFolder folder_;
  CouchSettings service_settings_;
};

TEST_F(Outage, LosesNoRecordAndDoublesNone) {
  OwnService service;
  service_settings_ = service.settings();
  Couch couch(service_settings_);
  const std::int64_t before = couch.count(couch.activations);
  auto records = CouchActivations::open(config(), log_.log).value();
  store(*records, "before", 500);
  service.crash();
  store(*records, "during", 3000);
  ASSERT_TRUE(eventually([&] { return records->stats().failures >= 2; }));
  EXPECT_FALSE(records->stats().available);
  service.resume();
  store(*records, "after", 500);
  ASSERT_TRUE(records->flush(soon()));
  EXPECT_EQ(couch.count(couch.activations) - before, 4000);
  EXPECT_EQ(records->stats().spill_bytes, 0);
  EXPECT_EQ(records->stats().lost + records->stats().refused, 0U);
}

TEST_F(Outage, FailsFetchesUntilTheDatabaseIsBack) {
  OwnService service;
  service_settings_ = service.settings();
  Couch couch(service_settings_);
  const std::string revision =
      couch.put(couch.actions, "guest/hello", couch_tests::action("guest/hello", "x = 1"));
  const base::SystemClock clock;
  CouchActions actions({service_settings_, {}}, clock);
  ASSERT_TRUE(actions.fetch("guest/hello", std::nullopt));
  service.crash();
  EXPECT_TRUE(actions.fetch("guest/hello", revision)) << "what is known is known";
  const auto fetched = actions.fetch("guest/hello", std::nullopt);
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code, ErrorCode::kUnavailable);
  service.resume();
  EXPECT_TRUE(actions.fetch("guest/hello", std::nullopt));
}

TEST_F(Outage, LosesNothingWhenTheInvokerIsKilledToo) {
  constexpr int kRecords = 2'000;
  OwnService service;
  service_settings_ = service.settings();
  service.crash();
  int words[2];
  ASSERT_EQ(::pipe(words), 0);
  const std::string port = std::to_string(service_settings_.port);
  const std::string folder = config().spill_folder;
  const pid_t writer = ::fork();
  if (writer == 0) {
    ::dup2(words[1], STDOUT_FILENO);
    ::execl(LARDER_RECORD_WRITER, "record_writer", port.c_str(), folder.c_str(),
            std::to_string(kRecords).c_str(), nullptr);
    ::_exit(127);
  }
  ::close(words[1]);
  char word[16] = {};
  EXPECT_EQ(::read(words[0], word, sizeof word - 1), 7) << "the writer says that it is ready";
  ::close(words[0]);
  ::kill(writer, SIGKILL);
  ASSERT_EQ(::waitpid(writer, nullptr, 0), writer);
  service.resume();
  Couch couch(service_settings_);
  const std::int64_t before = couch.count(couch.activations);
  auto records = CouchActivations::open(config(), log_.log).value();
  ASSERT_TRUE(records->flush(soon()));
  EXPECT_EQ(couch.count(couch.activations) - before, kRecords);
}

}  // namespace
}  // namespace invoker_couchdb
