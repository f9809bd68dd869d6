// What is said of a bridge whose address comes and goes with its ports.
#include "bridge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "invoker_docker/docker_factory.h"
#include "played_daemon.h"

namespace invoker_docker {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// There on every host, and with no address that anybody gave it.
constexpr const char* kWithoutAddress = "lo";

class KeepingSink final : public base::LogSink {
 public:
  void write(std::string_view line) override {
    const std::lock_guard lock(mutex_);
    text_.append(line).append("\n");
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

std::string said_of(const std::string& bridge) {
  PlayedDaemon daemon("127.0.0.1", [](int) { return PlayedState{}; });
  daemon.set_bridge(bridge);
  const base::SystemClock clock;
  KeepingSink sink;
  DockerConfig config;
  config.socket = daemon.socket();
  EXPECT_TRUE(DockerFactory::create(config, clock, base::Logger(sink, clock)).ok());
  return sink.text();
}

TEST(Bridge, WithoutAnAddressOfItsOwnIsWarnedOf) {
  if (!std::filesystem::exists("/sys/class/net/lo")) GTEST_SKIP() << "no /sys here";
  EXPECT_TRUE(has_no_address(kWithoutAddress));
  EXPECT_THAT(said_of(kWithoutAddress), HasSubstr("the bridge lo has no hardware address"));
}

TEST(Bridge, ThatThisHostDoesNotShowIsNotSpokenOf) {
  EXPECT_FALSE(has_no_address("no-such-bridge"));
  EXPECT_FALSE(has_no_address(""));
  EXPECT_FALSE(has_no_address("../net/lo"));
  EXPECT_THAT(said_of("no-such-bridge"), Not(HasSubstr("bridge")));
}

}  // namespace
}  // namespace invoker_docker
