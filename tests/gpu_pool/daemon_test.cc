// The daemon with real session processes, on a device that costs nothing.
#include "gpu_pool/daemon.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <future>

#include "base/json.h"
#include "gpu_pool_client/pool_client.h"
#include "gpu_wire/client_link.h"
#include "testing/eventually.h"
#include "testing/scratch_folder.h"

namespace gpu_pool {
namespace {

using namespace std::chrono_literals;
using gpu_pool_client::Lease;
using gpu_pool_client::PoolClient;
using gpu_wire::ClientLink;
using testing_support::eventually;

constexpr std::uint64_t kMegabyte = 1 << 20;
const base_net::SharedKey kKey{"a key that only tests have"};

struct Quiet final : gpu_wire::Events {
  void host_call(std::uint64_t) override {}
  void print(std::string_view) override {}
};

// Processes that were started by this one and are there.
std::vector<pid_t> sessions() {
  std::vector<pid_t> pids;
  std::ifstream children("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream list(task.path() / "children");
    for (pid_t pid = 0; list >> pid;) pids.push_back(pid);
  }
  return pids;
}

class Node {
 public:
  explicit Node(const std::string& name = "gpu0", std::uint64_t memory_bytes = 100 * kMegabyte,
                std::size_t idle = 1, std::uint16_t port = 0) {
    DaemonOptions options;
    options.node = name;
    options.trust = kKey;
    options.listen = {"127.0.0.1", port};
    options.leases.gpus = {{.memory_bytes = memory_bytes}};
    options.leases.idle_sessions = idle;
    options.leases.default_memory_bytes = 10 * kMegabyte;
    options.sessions.command = [this](const auto&) {
      return std::vector<std::string>{program_, "--device", "null"};
    };
    options.sessions.folder = folder_.path();
    options.sessions.tcp_host = "127.0.0.1";
    daemon_ = Daemon::start(std::move(options), clock_, log_).value();
  }
  gpu_pool_client::DaemonAddress address(const std::string& name = "gpu0") const {
    return {name, {"127.0.0.1", daemon_->port()}};
  }
  void break_sessions() { program_ = "/nowhere/at/all"; }

 private:
  testing_support::ScratchFolder folder_;
  const base::SystemClock clock_;
  base::DiscardSink sink_;
  const base::Logger log_{sink_, clock_, {}};
  std::string program_ = SESSION_PROGRAM;
  std::unique_ptr<Daemon> daemon_;
};

class Invoker {
 public:
  explicit Invoker(std::vector<gpu_pool_client::DaemonAddress> daemons,
                   const std::string& key = kKey.key)
      : client_(
            PoolClient::start(
                {.self = "invoker0", .trust = base_net::SharedKey{key}, .daemons = daemons}, log_)
                .value()) {
    if (key != kKey.key) return;
    EXPECT_TRUE(eventually([this] { return all_there(); }));
  }
  PoolClient& client() { return *client_; }
  base::Result<Lease> acquire(std::uint64_t megabytes, std::chrono::milliseconds wait = 10s,
                              std::chrono::milliseconds lease_for = 60s) {
    return client_->acquire({.activation_id = "activation",
                             .namespace_name = "guest",
                             .memory_bytes = megabytes * kMegabyte,
                             .wait = wait,
                             .lease_for = lease_for});
  }
  base::Json counts(std::size_t daemon = 0) {
    const auto states = client_->describe();
    return *base::Json::parse(*states[daemon].description)->find("counts");
  }
  void stop() { client_.reset(); }

 private:
  bool all_there() {
    for (const auto& state : client_->describe()) {
      if (!state.description.ok()) return false;
    }
    return true;
  }

  const base::SystemClock clock_;
  base::DiscardSink sink_;
  const base::Logger log_{sink_, clock_, {}};
  std::unique_ptr<PoolClient> client_;
};

base::Result<std::unique_ptr<ClientLink>> enter(const std::string& endpoint,
                                                const std::string& token) {
  static Quiet quiet;
  return ClientLink::open(gpu_wire::parse_endpoint(endpoint).value(),
                          {.token = token, .host = "test", .connect_time = 100ms}, quiet);
}

TEST(GpuDaemonTest, ALeaseOpensASessionByEveryWayAndTellsWhatWasDoneInIt) {
  Node node;
  Invoker invoker({node.address()});
  const auto lease = invoker.acquire(20);
  ASSERT_TRUE(lease.ok()) << lease.error().message;
  const Granted& granted = lease->granted;
  const std::string unix_socket = "unix:" + granted.local.substr(granted.local.find(':') + 1);
  for (const auto& endpoint : {granted.local, unix_socket, granted.remote}) {
    // The one before it may not have been let go of yet.
    base::Result<std::unique_ptr<ClientLink>> link = base::Error{};
    ASSERT_TRUE(eventually([&] { return (link = enter(endpoint, granted.token)).ok(); }))
        << endpoint;
    EXPECT_EQ((*link)->welcome().memory_bytes, 20 * kMegabyte);
    EXPECT_EQ((*link)->call(gpu_wire::Allocate{.bytes = 5 * kMegabyte}).result, 0u);
    EXPECT_EQ((*link)->call(gpu_wire::Allocate{.bytes = 16 * kMegabyte}).result, 2u) << "quota";
  }
  const auto ended = invoker.client().release(*lease);
  ASSERT_TRUE(ended.ok()) << ended.error().message;
  EXPECT_EQ(ended->reason, EndReason::kReleased);
  EXPECT_EQ(ended->usage.memory_bytes_peak, 5 * kMegabyte);
  EXPECT_GE(ended->usage.calls, 6u);
}

TEST(GpuDaemonTest, TheTokenIsNeededAndOpensNothingAfterTheEnd) {
  Node node;
  Invoker invoker({node.address()});
  const auto lease = invoker.acquire(20);
  ASSERT_TRUE(lease.ok());
  for (const std::string& token : {std::string(), std::string("x"), lease->granted.token + "0",
                                   std::string(lease->granted.token.size(), '0')}) {
    const auto link = enter(lease->granted.local, token);
    ASSERT_FALSE(link.ok());
    EXPECT_EQ(link.error().code, base::ErrorCode::kPermissionDenied) << link.error().message;
  }
  EXPECT_TRUE(eventually([&] { return enter(lease->granted.local, lease->granted.token).ok(); }));
  ASSERT_TRUE(invoker.client().release(*lease).ok());
  EXPECT_NE(::access(lease->granted.local.substr(5).c_str(), F_OK), 0);
}

TEST(GpuDaemonTest, WhoIsNotOfThePoolGetsNothing) {
  Node node;
  Invoker stranger({node.address()}, "a key of somebody else");
  const auto lease = stranger.acquire(1);
  ASSERT_FALSE(lease.ok());
  EXPECT_EQ(lease.error().code, base::ErrorCode::kUnavailable);
}

TEST(GpuDaemonTest, AFullPoolMakesWaitAndSaysWhyNot) {
  Node node;
  Invoker invoker({node.address()});
  const auto first = invoker.acquire(80);
  ASSERT_TRUE(first.ok());
  auto second = std::async(std::launch::async, [&] { return invoker.acquire(80); });
  ASSERT_TRUE(eventually([&] { return invoker.counts().find("waiting")->as_int64() == 1; }));
  const auto late = invoker.acquire(80, 20ms);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, base::ErrorCode::kDeadlineExceeded);
  const auto giant = invoker.acquire(101);
  ASSERT_FALSE(giant.ok());
  EXPECT_EQ(giant.error().code, base::ErrorCode::kUnsupported) << giant.error().message;
  ASSERT_TRUE(invoker.client().release(*first).ok());
  EXPECT_TRUE(second.get().ok());
}

TEST(GpuDaemonTest, ASessionThatIsKilledEndsItsLeaseAndNoOther) {
  Node node("gpu0", 100 * kMegabyte, 0);
  Invoker invoker({node.address()});
  const auto first = invoker.acquire(10);
  ASSERT_TRUE(first.ok());
  const auto victims = sessions();
  ASSERT_EQ(victims.size(), 1u);
  const auto second = invoker.acquire(10);
  ASSERT_TRUE(second.ok());
  const auto link = enter(first->granted.local, first->granted.token);
  ASSERT_TRUE(link.ok());
  ASSERT_EQ(::kill(victims.front(), SIGKILL), 0);
  EXPECT_EQ((*link)->call(gpu_wire::Ping{}).result, gpu_wire::kLost);
  EXPECT_TRUE(eventually([&] { return invoker.counts().find("lost")->as_int64() == 1; }));
  const auto ended = invoker.client().release(*first);
  ASSERT_TRUE(ended.ok());
  EXPECT_EQ(ended->reason, EndReason::kLost);
  EXPECT_TRUE(enter(second->granted.local, second->granted.token).ok());
}

TEST(GpuDaemonTest, ALeaseExpiresAndItsSessionWithIt) {
  Node node;
  Invoker invoker({node.address()});
  const auto lease = invoker.acquire(10, 10s, 50ms);
  ASSERT_TRUE(lease.ok());
  EXPECT_TRUE(eventually([&] { return invoker.counts().find("expired")->as_int64() == 1; }));
  EXPECT_TRUE(eventually([&] { return !enter(lease->granted.local, lease->granted.token).ok(); }));
  EXPECT_EQ(invoker.client().release(*lease)->reason, EndReason::kExpired);
}

TEST(GpuDaemonTest, AnInvokerThatGoesGivesEverythingBack) {
  Node node;
  Invoker other({node.address()});
  Invoker invoker({node.address()});
  ASSERT_TRUE(invoker.acquire(90).ok());
  invoker.stop();
  EXPECT_TRUE(other.acquire(90).ok());
}

TEST(GpuDaemonTest, ADaemonThatGoesTakesItsSessionsAlongAndIsFoundAgain) {
  auto node = std::make_unique<Node>();
  const auto address = node->address();
  Invoker invoker({address});
  const auto lease = invoker.acquire(10);
  ASSERT_TRUE(lease.ok());
  node.reset();
  EXPECT_TRUE(sessions().empty());
  EXPECT_FALSE(invoker.client().release(*lease).ok());
  const auto away = invoker.acquire(10);
  ASSERT_FALSE(away.ok());
  EXPECT_NE(away.error().message.find("gpu0"), std::string::npos) << away.error().message;
  Node again("gpu0", 100 * kMegabyte, 1, address.address.port);
  EXPECT_TRUE(eventually([&] { return invoker.acquire(10).ok(); }));
}

TEST(GpuDaemonTest, TheNodeWithRoomIsTaken) {
  Node small("gpu0", 50 * kMegabyte);
  Node large("gpu1", 100 * kMegabyte);
  Invoker invoker({small.address("gpu0"), large.address("gpu1")});
  const auto first = invoker.acquire(80);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->node, "gpu1");
  const auto second = invoker.acquire(40);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->node, "gpu0");
}

TEST(GpuDaemonTest, ASessionThatCannotBeStartedIsAnErrorThatSaysSo) {
  Node node("gpu0", 100 * kMegabyte, 0);
  node.break_sessions();
  Invoker invoker({node.address()});
  const auto lease = invoker.acquire(10);
  ASSERT_FALSE(lease.ok());
  EXPECT_EQ(lease.error().code, base::ErrorCode::kUnavailable);
  EXPECT_NE(lease.error().message.find("cannot start a session"), std::string::npos);
}

// What the filter takes from a session, seen from outside: the kernel tells.
TEST(GpuDaemonTest, ASessionIsConfined) {
  Node node("gpu0", 100 * kMegabyte, 0);
  Invoker invoker({node.address()});
  ASSERT_TRUE(invoker.acquire(10).ok());
  ASSERT_EQ(sessions().size(), 1u);
  std::ifstream status("/proc/" + std::to_string(sessions().front()) + "/status");
  const std::string text{std::istreambuf_iterator<char>(status), {}};
  EXPECT_NE(text.find("Seccomp:\t2"), std::string::npos) << text;
  EXPECT_NE(text.find("NoNewPrivs:\t1"), std::string::npos);
}

}  // namespace
}  // namespace gpu_pool
