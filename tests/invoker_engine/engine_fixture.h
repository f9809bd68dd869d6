// An invoker over containers that exist only in memory.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "base/log.h"
#include "invoker/invoker.h"
#include "testing/fake_container.h"
#include "testing/fake_outside.h"

namespace invoker {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing_support::FakeActions;
using testing_support::FakeContainerFactory;
using testing_support::FakeSink;
using testing_support::FakeStager;
using testing_support::FakeWorld;

inline base::Json parse(const char* text) { return *base::Json::parse(text); }

inline Action hello() {
  Action action;
  action.path = "guest";
  action.name = "hello";
  action.version = "0.0.1";
  action.revision = "1-a";
  action.exec.kind = "python:3";
  action.exec.code = "def main(args): return args";
  return action;
}

inline ActivationMessage message(const std::string& id) {
  ActivationMessage message;
  message.transid = {"tid", 1'700'000'000'000, parse(R"(["tid",1700000000000])")};
  message.action_path = "guest";
  message.action_name = "hello";
  message.user.subject = "guest";
  message.user.namespace_name = "guest";
  message.activation_id = id;
  message.root_controller = "0";
  message.blocking = true;
  message.content = parse(R"({"n":12345678901234567890})");
  return message;
}

inline std::string error_of(const Activation& activation) {
  const base::Json* error = activation.response.result->find("error");
  return error != nullptr && error->is_string() ? error->as_string() : "";
}

inline const base::Json* annotation(const Activation& activation, std::string_view key) {
  for (const base::Json& item : activation.annotations.items()) {
    if (item.find("key")->as_string() == key) return item.find("value");
  }
  return nullptr;
}

class InvokerTest : public ::testing::Test {
 protected:
  InvokerTest() {
    config_.pool.memory_bytes = 1024LL << 20;
    config_.api_host = "http://127.0.0.1:3233";
    config_.capabilities = hints::plain_directories();
    actions_.put(hello());
  }

  Invoker& start() {
    invoker_ = std::make_unique<Invoker>(
        config_, Outside{actions_, containers_, stager_, sink_, clock_, log_});
    return *invoker_;
  }
  void stop() { invoker_->stop(clock_.now() + std::chrono::seconds(10)); }

  // Runs one message to its end.
  Activation run_one(ActivationMessage m = message("a1")) {
    if (!invoker_) start();
    const std::size_t before = seen_;
    EXPECT_TRUE(invoker_->submit(std::move(m)).ok());
    auto all = sink_.wait_for(++seen_);
    EXPECT_EQ(all.size(), before + 1);
    return all.back();
  }

  base::SystemClock clock_;
  base::DiscardSink discard_;
  base::Logger log_{discard_, clock_};
  FakeWorld world_;
  FakeContainerFactory containers_{world_};
  FakeActions actions_;
  FakeStager stager_;
  FakeSink sink_;
  InvokerConfig config_;
  std::unique_ptr<Invoker> invoker_;
  std::size_t seen_ = 0;
};

}  // namespace invoker
