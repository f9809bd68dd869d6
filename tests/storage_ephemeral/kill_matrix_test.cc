// Producer, holder's daemon, consumer's daemon and connection are killed at random points of a
// file's way from one node to another, each in a process of its own: no reader ever gets a wrong
// byte, or takes a part of a file for the whole.
//
// SEED repeats a run, ROUNDS makes it longer or shorter.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <sstream>

#include "proxy.h"
#include "remote_store.h"
#include "testing/child.h"
#include "testing/memory_object_store.h"
#include "testing/scratch_folder.h"

namespace storage_ephemeral {
namespace {

using testing_support::Child;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return text == nullptr ? otherwise : std::stoull(text);
}

std::uint16_t free_port() {
  const base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(at);
  CHECK(::bind(fd.get(), reinterpret_cast<sockaddr*>(&at), size) == 0);
  CHECK(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size) == 0);
  return ntohs(at.sin_port);
}

// How a read went: "end", "error", "wrong" or "dead", and after how many bytes.
struct Read {
  std::string how = "dead";
  std::uint64_t bytes = 0;
};

class KillMatrix : public testing::Test {
 protected:
  KillMatrix() : seed(number_from("SEED", std::random_device()())), random(seed) {
    std::printf("SEED=%llu\n", static_cast<unsigned long long>(seed));
    server = std::make_unique<StoreServer>(store, folder.path() / "store");
    producer_port = free_port();
    consumer_port = free_port();
    proxy = std::make_unique<Proxy>(NodeAddress{"127.0.0.1", producer_port});
    start_a({});
    start_b();
  }
  ~KillMatrix() override {
    a.reset();
    b.reset();
    proxy.reset();
    server.reset();
  }

  void start(std::unique_ptr<Child>& node, const std::string& name, std::uint16_t port,
             std::vector<std::string> more) {
    std::filesystem::create_directories(folder.path() / name);
    node.reset();
    std::vector<std::string> words = {
        EPHEMERAL_PROCESS,   "node", name, folder.path() / name, folder.path() / "store",
        std::to_string(port)};
    words.insert(words.end(), more.begin(), more.end());
    node = std::make_unique<Child>(words);
    const std::string answer = node->line().value_or("dead");
    ASSERT_EQ(answer.substr(0, 4), "port") << answer;
  }
  void start_a(const std::string& alive) {
    std::vector<std::string> more = {"b=" + std::to_string(consumer_port)};
    if (!alive.empty()) more.push_back("alive=" + alive);
    start(a, "a", producer_port, more);
  }
  void start_b() { start(b, "b", consumer_port, {"a=" + std::to_string(proxy->address().port)}); }

  std::uint64_t up_to(std::uint64_t most) { return random() % (most + 1); }

  // A new file on a, with a process that writes it when it is told to.
  void begin() {
    ++file;
    attempt = "w" + std::to_string(file);
    size = 1 + up_to(2 << 20);
    chunk = 10'000 + up_to(300'000);
    written = 0;
    const std::string answer = a->ask("create " + std::to_string(file) + " " + attempt);
    ASSERT_EQ(answer.substr(0, 3), "fd ") << answer;
    const std::string path = "/proc/" + std::to_string(a->pid()) + "/fd/" + answer.substr(3);
    writer = std::make_unique<Child>(
        std::vector<std::string>{EPHEMERAL_PROCESS, "writer", path, std::to_string(file),
                                 std::to_string(size), std::to_string(chunk)});
    ASSERT_EQ(writer->line().value_or("dead"), "ready");
  }
  void write_to(std::uint64_t bytes) {
    while (written < std::min(bytes, size)) {
      const std::string answer = writer->ask("go");
      ASSERT_EQ(answer.substr(0, 3), "at ") << answer;
      written = std::stoull(answer.substr(3));
    }
  }
  void begin_read() { b->say("read " + std::to_string(file)); }
  // Until it has `bytes`, or is over.
  Read read_until(std::uint64_t bytes) {
    while (const auto line = b->line()) {
      std::istringstream in(*line);
      Read read;
      in >> read.how >> read.bytes;
      if (read.how != "at" || read.bytes >= bytes) return read;
    }
    return {};
  }
  Read rest_of_read() { return read_until(UINT64_MAX); }
  Read read_again() {
    b->say("again " + std::to_string(file));
    return rest_of_read();
  }
  std::string on_a(const std::string& what) { return a->ask(what + " " + std::to_string(file)); }

  void expect_whole(const Read& read, const char* when) {
    EXPECT_EQ(read.how, "end") << when << ", file " << file << ", SEED=" << seed;
    EXPECT_EQ(read.bytes, size) << when << ", file " << file << ", SEED=" << seed;
  }
  void expect_error(const Read& read, const char* when) {
    EXPECT_EQ(read.how, "error") << when << ", file " << file << ", SEED=" << seed;
    EXPECT_LE(read.bytes, written) << when << ", file " << file << ", SEED=" << seed;
  }
  // Whatever happened: not wrong, and not short.
  void expect_honest(const Read& read, const char* when) {
    if (read.how == "end") return expect_whole(read, when);
    expect_error(read, when);
  }

  const std::uint64_t rounds = number_from("ROUNDS", 100);
  const std::uint64_t seed;
  std::mt19937_64 random;
  testing_support::ScratchFolder folder;
  testing_support::MemoryObjectStore store{testing_support::MemoryObjectStore::Answers::kOnThread};
  std::unique_ptr<StoreServer> server;
  std::uint16_t producer_port = 0, consumer_port = 0;
  std::unique_ptr<Proxy> proxy;
  std::unique_ptr<Child> a, b, writer;
  std::uint64_t file = 1000, size = 0, chunk = 0, written = 0;
  Attempt attempt;
};

TEST_F(KillMatrix, AProducerThatIsKilledLeavesAnErrorAndNoShortFile) {
  for (std::uint64_t round = 0; round < rounds; ++round) {
    begin();
    begin_read();
    write_to(up_to(size - 1));
    const bool finished = written == size;
    writer->kill();
    if (finished) {
      ASSERT_EQ(on_a("close"), "closed");
      expect_whole(rest_of_read(), "finished before it was killed");
      continue;
    }
    ASSERT_EQ(a->ask("settle " + attempt + " no"), "settled");
    expect_error(rest_of_read(), "its writer died");
    EXPECT_EQ(on_a("state"), "poisoned");
    expect_error(read_again(), "asked once more");
  }
}

TEST_F(KillMatrix, AHoldersDaemonThatIsKilledGoesOnOrLeavesAnError) {
  std::uint64_t whole = 0, errors = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    begin();
    begin_read();
    write_to(up_to(size));
    const bool closed = written == size && on_a("close") == "closed";
    a->kill();
    const bool lives = up_to(1) == 0;
    if (lives) write_to(size);  // passed through by the kernel, without the daemon
    start_a(lives ? attempt : "");
    if (lives) {
      ASSERT_EQ(a->ask("settle " + attempt + " yes"), "settled");
    }
    const Read read = rest_of_read();
    expect_honest(read, "its daemon was killed");
    const std::string state = on_a("state");
    if (lives || closed) {
      EXPECT_NE(state, "writing");
    } else {
      EXPECT_EQ(state, "poisoned");
    }
    const Read again = read_again();
    if (state.substr(0, 6) == "sealed") {
      expect_whole(again, "read once more");
      ++whole;
    } else {
      expect_error(again, "read once more");
      ++errors;
    }
  }
  std::printf("whole %llu, poisoned %llu\n", static_cast<unsigned long long>(whole),
              static_cast<unsigned long long>(errors));
}

// The worst moment: the store has answered, and nobody was told.
TEST_F(KillMatrix, AHolderThatDiesBeforeItsNewsAreToldIsFoundAllTheSame) {
  store.set_faults([](const auto& request) {
    using Store = testing_support::MemoryObjectStore;
    if (request.kind != Store::Kind::kNotify) return std::optional<Store::Fault>();
    return std::optional<Store::Fault>(
        Store::Fault{base::Error{base::ErrorCode::kUnavailable, "died"}});
  });
  begin();
  write_to(size);
  ASSERT_EQ(on_a("close"), "closed");
  EXPECT_EQ(on_a("state").substr(0, 6), "sealed");
  a->kill();
  begin_read();
  EXPECT_EQ(rest_of_read().how, "error") << "its holder is away";
  start_a("");
  expect_whole(read_again(), "its holder came back");
}

TEST_F(KillMatrix, AConsumersDaemonThatIsKilledReadsTheWholeFileAfterwards) {
  for (std::uint64_t round = 0; round < rounds; ++round) {
    begin();
    begin_read();
    write_to(up_to(size));
    if (written > 0) {
      const Read read = read_until(up_to(written - 1));
      EXPECT_EQ(read.how, "at");
    }
    b->kill();
    write_to(size);
    ASSERT_EQ(on_a("close"), "closed");
    start_b();
    expect_whole(read_again(), "its daemon came back");
  }
}

TEST_F(KillMatrix, AConnectionThatBreaksIsMended) {
  for (std::uint64_t round = 0; round < rounds; ++round) {
    begin();
    begin_read();
    if (up_to(1) == 0) {
      proxy->cut_after(up_to(size));
    } else {
      write_to(up_to(size));
      proxy->cut();
    }
    write_to(up_to(size));
    proxy->cut_after(up_to(size));
    write_to(size);
    ASSERT_EQ(on_a("close"), "closed");
    expect_whole(rest_of_read(), "its connection broke");
  }
}

}  // namespace
}  // namespace storage_ephemeral
