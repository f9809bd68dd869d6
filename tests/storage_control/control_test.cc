// Client and server together, with a folder in place of the mount.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "storage_control/client.h"
#include "storage_control/packet.h"
#include "storage_control/server.h"

namespace storage_control {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::Result;
using base::UniqueFd;

// Attempts as folders of the file system that the test runs on.
class FolderAttempts final : public ControlHandler {
 public:
  explicit FolderAttempts(std::filesystem::path folder) : folder_(std::move(folder)) {}

  Result<UniqueFd> mount() override {
    UniqueFd fd(::open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) return base::error_from_errno(errno, "opening the folder");
    return fd;
  }
  Result<Opened> open(const std::string& client, const Open& call) override {
    const std::lock_guard lock(mutex_);
    if (refuse_) return *refuse_;
    auto& number = tickets_[{client, call.ticket}];
    if (number == 0) number = ++last_;
    std::filesystem::create_directories(folder_ / directory_of(number));
    return Opened{number};
  }
  Result<storage::VolumeReport> finish(const std::string&, const Finish& call) override {
    std::unique_lock lock(mutex_);
    if (call.succeeded) {
      changed_.wait(lock, [this] { return !hold_finish_; });
    }
    ended_[call.attempt] = call.succeeded;
    changed_.notify_all();
    storage::VolumeReport report;
    report.name = "of " + std::to_string(call.attempt);
    return report;
  }
  void arrived(const std::string& client) override { count(client, 1); }
  void left(const std::string& client) override { count(client, -1); }

  Result<Json> list(const List& call) override { return Json::object({{"after", call.after}}); }
  Result<Json> stat(const Stat&) override { return unknown(); }
  Result<Json> usage(const Usage&) override { return unknown(); }
  Result<Json> remove(const Remove&) override { return unknown(); }
  Result<Json> copy(const Copy&, UniqueFd file) override {
    return Json::object({{"position", std::int64_t{::lseek(file.get(), 0, SEEK_CUR)}}});
  }
  Result<Json> share(const Share&) override { return unknown(); }
  Result<Json> unshare(const Unshare&) override { return unknown(); }
  Result<Json> collect(const Collect&) override { return unknown(); }
  Result<Json> check(const Check&) override { return unknown(); }
  Result<Json> metrics() override {
    return Json::object({{"text", std::string(kPacketBytesMax, 'x')}});
  }

  void refuse(Error error) {
    const std::lock_guard lock(mutex_);
    refuse_ = std::move(error);
  }
  void hold_finish(bool hold) {
    const std::lock_guard lock(mutex_);
    hold_finish_ = hold;
    changed_.notify_all();
  }
  bool wait_for_client(const std::string& client, int here) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20),
                             [&] { return clients_[client] == here; });
  }
  std::optional<bool> ended(AttemptNumber attempt) {
    const std::lock_guard lock(mutex_);
    const auto found = ended_.find(attempt);
    return found == ended_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  static Error unknown() { return {ErrorCode::kNotFound, "there is no such file"}; }
  void count(const std::string& client, int change) {
    const std::lock_guard lock(mutex_);
    clients_[client] += change;
    changed_.notify_all();
  }

  const std::filesystem::path folder_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Error> refuse_;
  bool hold_finish_ = false;
  AttemptNumber last_ = 0;
  std::map<std::pair<std::string, std::uint64_t>, AttemptNumber> tickets_;
  std::map<AttemptNumber, bool> ended_;
  std::map<std::string, int> clients_;
};

class ControlTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "larder-control-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::filesystem::create_directories(folder_ / "mount");
    attempts_ = std::make_unique<FolderAttempts>(folder_ / "mount");
    volume_.name = "job";
    volume_.path = "/mnt/job";
    start();
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  void start() {
    auto socket = listen_on(folder_ / "control");
    ASSERT_TRUE(socket) << socket.error().message;
    ControlServerOptions options;
    options.node = "here";
    options.user = ::geteuid();
    options.threads = 4;
    auto server =
        ControlServer::start(*std::move(socket), options, *attempts_, base::Logger(sink_, clock_));
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
  }

  std::unique_ptr<ControlClient> client(const std::string& name) {
    auto made = ControlClient::connect({folder_ / "control", name, std::chrono::seconds(20)});
    EXPECT_TRUE(made) << made.error().message;
    return made ? *std::move(made) : nullptr;
  }

  std::filesystem::path folder_;
  std::unique_ptr<FolderAttempts> attempts_;
  base::SystemClock clock_;
  base::DiscardSink sink_;
  std::unique_ptr<ControlServer> server_;
  hints::Volume volume_;
};

TEST_F(ControlTest, ACallThatTheDaemonCannotReadIsAnErrorAndNotAskedForEver) {
  const auto one = client("invoker-1");
  volume_.name = "";
  const auto opened = one->open("guest", "0123", volume_, 1000);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kInvalidArgument);
  volume_.name = "job";
  EXPECT_TRUE(one->open("guest", "0123", volume_, 1000));
}

TEST_F(ControlTest, PeopleAskWithoutAName) {
  const auto person = client("");
  EXPECT_EQ(*person->ask(List{{}, "z"}), Json::object({{"after", "z"}}));
  EXPECT_EQ(person->ask(Stat{}).error().message, "there is no such file");
  EXPECT_EQ(person->open("guest", "a1", volume_, 0).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(ControlTest, AnAnswerThatIsTooLongIsAnError) {
  EXPECT_EQ(client("")->ask(Metrics{}).error().code, ErrorCode::kInternal);
}

TEST_F(ControlTest, ADescriptorGoesWithACopyAndStaysTheCallers) {
  const UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::lseek(file.get(), 17, SEEK_SET), 17);
  const auto person = client("");
  EXPECT_EQ(*person->ask(Copy{}, file.get()), Json::object({{"position", 17}}));
  EXPECT_EQ(person->ask(Copy{}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_GE(::fcntl(file.get(), F_GETFD), 0);
}

TEST_F(ControlTest, AVolumeIsTheAttemptsDirectoryAsAMount) {
  const auto invoker = client("invoker");
  auto volume = invoker->open("guest", "a1", volume_, 0);
  if (!volume && (volume.error().code == ErrorCode::kPermissionDenied ||
                  volume.error().code == ErrorCode::kInvalidArgument)) {
    GTEST_SKIP() << "mounts cannot be cloned here: " << volume.error().message;
  }
  ASSERT_TRUE(volume) << volume.error().message;
  std::ofstream(folder_ / "mount/a1/file") << "hello";
  auto parts = (*volume)->take_parts();
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(::faccessat(parts[0].tree.get(), "file", R_OK, 0), 0);
  EXPECT_TRUE((*volume)->take_parts().empty());
  EXPECT_EQ((*volume)->finish(true)->name, "of 1");
  EXPECT_EQ((*volume)->finish(true).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(attempts_->ended(1), true);
}

TEST_F(ControlTest, AVolumeThatIsDroppedIsFinishedWithoutSuccess) {
  const auto invoker = client("invoker");
  {
    const auto volume = invoker->open("guest", "a1", volume_, 0);
  }
  EXPECT_EQ(attempts_->ended(1), false);
}

TEST_F(ControlTest, ARefusalReachesTheCaller) {
  attempts_->refuse({ErrorCode::kNoSpace, "the node is full"});
  const auto refused = client("invoker")->open("guest", "a1", volume_, 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(refused.error().message, "the node is full");
}

TEST_F(ControlTest, TheDaemonLearnsWhenAClientComesAndGoes) {
  auto invoker = client("invoker");
  EXPECT_TRUE(attempts_->wait_for_client("invoker", 1));
  invoker.reset();
  EXPECT_TRUE(attempts_->wait_for_client("invoker", 0));
}

TEST_F(ControlTest, CallsGoOnOverARestartOfTheDaemon) {
  const auto invoker = client("invoker");
  auto first = invoker->open("guest", "a1", volume_, 0);
  ASSERT_TRUE(first) << first.error().message;
  server_.reset();
  std::jthread finisher([&] { EXPECT_EQ((*first)->finish(true)->name, "of 1"); });
  start();
  finisher.join();
  EXPECT_EQ(attempts_->ended(1), true);
  EXPECT_EQ(client("")->ask(Stat{}).error().code, ErrorCode::kNotFound);
}

TEST_F(ControlTest, WithoutADaemonACallEndsWhenThePatienceIsOver) {
  auto impatient = ControlClient::connect({folder_ / "control", "", std::chrono::milliseconds(50)});
  ASSERT_TRUE(impatient);
  server_.reset();
  EXPECT_EQ((*impatient)->ask(Stat{}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(
      ControlClient::connect({folder_ / "control", "", std::chrono::milliseconds(10)}).error().code,
      ErrorCode::kUnavailable);
}

TEST_F(ControlTest, ALongCallIsInNobodysWay) {
  const auto invoker = client("invoker");
  auto slow = invoker->open("guest", "a1", volume_, 0);
  ASSERT_TRUE(slow) << slow.error().message;
  attempts_->hold_finish(true);
  std::jthread finisher([&] { EXPECT_TRUE((*slow)->finish(true)); });
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(invoker->ask(List{}));
  attempts_->hold_finish(false);
}

TEST_F(ControlTest, WhoBreaksTheProtocolIsPutOut) {
  for (const std::string bytes : {"no json", R"({"id":1,"call":"metrics"})",
                                  R"({"id":1,"call":"hello","client":"","protocol":99})"}) {
    const auto socket = connect_to(folder_ / "control");
    ASSERT_TRUE(socket);
    ASSERT_TRUE(send_packet(socket->get(), bytes));
    const auto packet = receive_packet(socket->get());
    ASSERT_TRUE(packet);
    EXPECT_FALSE(decode_answer(packet->bytes)->value);
    EXPECT_EQ(receive_packet(socket->get()).error().code, ErrorCode::kUnavailable);
  }
}

TEST_F(ControlTest, AnotherUserIsPutOut) {
  server_.reset();
  auto socket = listen_on(folder_ / "control");
  ASSERT_TRUE(socket);
  ControlServerOptions options;
  options.user = ::geteuid() + 1;
  auto server =
      ControlServer::start(*std::move(socket), options, *attempts_, base::Logger(sink_, clock_));
  ASSERT_TRUE(server);
  const auto connected = connect_to(folder_ / "control");
  ASSERT_TRUE(connected);
  EXPECT_EQ(receive_packet(connected->get()).error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace storage_control
