// Transfers when connections, peers and disks misbehave.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <random>

#include "cluster.h"
#include "frame.h"
#include "net.h"
#include "proxy.h"

namespace storage_ephemeral {
namespace {

const std::string kKey = "a key that nodes of this test share";

class Transfer : public TwoNodes {
 protected:
  Transfer() : TwoNodes(watchful) {}
  NodeAddress at(const NodeName& name) { return *cluster.address(name); }
};

TEST_F(Transfer, GoesOnWhereABrokenConnectionEnded) {
  Proxy proxy(at("a"));
  cluster.redirect("a", proxy.address());
  const std::string bytes = noise(6 << 20);
  write_file(a(), "x", new_file(10, "w"), bytes);
  proxy.cut_after(3'300'000);
  const auto read = read_file(b(), "x");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(*read == bytes);
  EXPECT_GT(cluster.node("b").metrics().resumed, 0U);
  // Not all of it again.
  EXPECT_LT(proxy.bytes(), 9U << 20);
}

TEST_F(Transfer, AnotherHolderGivesTheRest) {
  const std::string bytes = noise(6 << 20);
  write_file(a(), "x", new_file(10, "w"), bytes);
  cluster.start("c", watchful);
  ASSERT_TRUE(*read_file(cluster.on("c"), "x") == bytes);
  ASSERT_TRUE(eventually([&] { return b().get(10)->holders.size() == 2; }));
  Proxy proxy(at("a"));
  cluster.redirect("a", proxy.address());
  proxy.cut_after(2 << 20);
  ASSERT_TRUE(eventually([&] { return b().get(10).has_value(); }));
  const auto opened = open_file(b(), "x", "r");
  ASSERT_TRUE(opened.ok());
  Answer<std::uint64_t> some;
  b().await_bytes(opened->file, 0, 1, some.done());
  ASSERT_TRUE(some.get().ok());
  cluster.stop("a");
  const auto read = read_rest(b(), *opened);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(*read == bytes);
  b().close_read(opened->file);
}

TEST_F(Transfer, ADamagedByteIsNeverRead) {
  for (const std::uint64_t at_byte : {200U, 500'000U, 1'500'000U, 2'999'990U}) {
    Proxy proxy(at("a"));
    const auto direct = cluster.address("a");
    cluster.redirect("a", proxy.address());
    const std::string file = "x" + std::to_string(at_byte);
    const std::string bytes = noise(3'000'000);
    write_file(a(), file, new_file(10 + at_byte, "w"), bytes);
    proxy.damage_after(at_byte);
    const auto read = read_file(b(), file);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_TRUE(*read == bytes);
    cluster.redirect("a", direct);
  }
}

TEST_F(Transfer, AFileWhoseWriterIsLostIsAnErrorEverywhere) {
  const OpenFile file = begin_file(a(), "x", new_file(10, "w"));
  append(file, "half");
  const auto opened = open_file(b(), "x", "r");
  ASSERT_TRUE(opened.ok());
  Answer<std::uint64_t> first;
  b().await_bytes(opened->file, 0, 4, first.done());
  ASSERT_TRUE(first.get().ok());
  Answer<std::uint64_t> tail;
  b().await_bytes(opened->file, 4, 1, tail.done());
  const auto address = cluster.address("a");
  Proxy nowhere({"127.0.0.1", 1});  // whoever calls is hung up on
  cluster.stop("a");
  cluster.redirect("a", nowhere.address());
  EXPECT_EQ(tail.get().error().code, base::ErrorCode::kDataLoss);
  b().close_read(opened->file);
  cluster.start("a", watchful, {"w"});
  // It comes back, and its writer lives: but what was said to be lost is lost.
  a().settle("w", Outcome::kSucceeded);
  EXPECT_TRUE(eventually([&] { return a().get(10)->record.state == FileState::kPoisoned; }));
  EXPECT_EQ(open_file(a(), "x", "r").error().code, base::ErrorCode::kDataLoss);
  EXPECT_EQ(open_file(b(), "x", "r").error().code, base::ErrorCode::kDataLoss);
}

TEST_F(Transfer, ASealedFileThatNobodyCanGiveIsAnErrorNow) {
  write_file(a(), "x", new_file(10, "w"), noise(1'000'000));
  ASSERT_TRUE(eventually([&] { return b().get(10) && b().get(10)->holders.size() == 1; }));
  const auto address = cluster.address("a");
  cluster.redirect("a", NodeAddress{"127.0.0.1", 1});
  EXPECT_EQ(read_file(b(), "x").error().code, base::ErrorCode::kDataLoss);
  cluster.redirect("a", address);
  EXPECT_TRUE(read_file(b(), "x").ok());
}

TEST_F(Transfer, AFullDiskIsAnErrorOfItsReadersAndOfNobodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting a small disk needs root";
  const std::string small = (cluster.directory("c") / "files").string();
  std::filesystem::create_directories(small);
  ASSERT_EQ(::mount("larder-test", small.c_str(), "tmpfs", 0, "size=1m"), 0);
  cluster.start("c", watchful);
  write_file(a(), "x", new_file(10, "w"), noise(3'000'000));
  const auto read = read_file(cluster.on("c"), "x");
  EXPECT_EQ(read.error().code, base::ErrorCode::kNoSpace);
  EXPECT_TRUE(read_file(b(), "x").ok());
  cluster.stop("c");
  EXPECT_EQ(::umount2(small.c_str(), MNT_DETACH), 0);
}

TEST_F(Transfer, ManyFilesAtOnceAreAllWhole) {
  constexpr unsigned kFiles = 200;
  for (unsigned i = 0; i < kFiles; ++i) {
    write_file(a(), "f" + std::to_string(i), new_file(100 + i, "w"), noise(10'000 + i * 100, i));
  }
  ASSERT_TRUE(eventually([&] { return b().list(storage::kRootInode, "", 1000).size() == kFiles; }));
  std::vector<Answer<OpenFile>> opens(kFiles);
  for (unsigned i = 0; i < kFiles; ++i) {
    b().open_read(100 + i, "r", Volume::Visible::kSealed, opens[i].done());
  }
  for (unsigned i = 0; i < kFiles; ++i) {
    const auto opened = opens[i].get();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    EXPECT_TRUE(*read_rest(b(), *opened) == noise(10'000 + i * 100, i));
    b().close_read(opened->file);
  }
}

// --- Strangers ---

// Talks to node a as far as the shared key lets it.
class Stranger : public Transfer {
 protected:
  void greet(RawPeer& peer, const std::string& key, const NodeName& self = "b") {
    Greeting greeting{.label = "larder transfer",
                      .caller_nonce = random_nonce(),
                      .answerer_nonce = {},
                      .caller = self,
                      .answerer = "a"};
    peer.send(encode(Frame(HelloFrame{.nonce = greeting.caller_nonce, .name = self})));
    const auto hello = decode_frame(peer.receive_frame());
    ASSERT_TRUE(hello.ok() && std::holds_alternative<HelloFrame>(*hello));
    EXPECT_EQ(std::get<HelloFrame>(*hello).name, "");
    greeting.answerer_nonce = std::get<HelloFrame>(*hello).nonce;
    const auto identity = Identity::make(SharedKey{key});
    ASSERT_TRUE(identity.ok());
    peer.send(encode(Frame(ProofFrame{(*identity)->proof(greeting, Side::kCaller)})));
  }
  bool refused(std::uint64_t times) {
    return eventually([&] { return cluster.node("a").metrics().peers_refused >= times; });
  }
};

TEST_F(Stranger, WithTheKeyIsServed) {
  write_file(a(), "x", new_file(10, "w"), "bytes");
  RawPeer peer(at("a"));
  greet(peer, kKey);
  const auto proof = decode_frame(peer.receive_frame());
  ASSERT_TRUE(proof.ok() && std::holds_alternative<ProofFrame>(*proof));
  peer.send(encode(Frame(FetchFrame{{"guest/job", 10, 1}, 0, FetchFor::kReaders})));
  const std::string bytes = peer.receive_frame();
  const auto data = decode_frame(bytes);
  ASSERT_TRUE(data.ok() && std::holds_alternative<DataFrame>(*data));
  EXPECT_EQ(std::get<DataFrame>(*data).bytes, "bytes");
}

TEST_F(Stranger, WithAnotherKeyLearnsNothing) {
  write_file(a(), "x", new_file(10, "w"), "bytes");
  RawPeer peer(at("a"));
  greet(peer, "another key, just as long as it has to be");
  peer.send(encode(Frame(FetchFrame{{"guest/job", 10, 1}, 0, FetchFor::kReaders})));
  EXPECT_TRUE(peer.hung_up());
  EXPECT_TRUE(refused(1));
}

TEST_F(Stranger, WhoAsksBeforeItsProofLearnsNothing) {
  write_file(a(), "x", new_file(10, "w"), "bytes");
  RawPeer peer(at("a"));
  peer.send(encode(Frame(FetchFrame{{"guest/job", 10, 1}, 0, FetchFor::kReaders})));
  EXPECT_TRUE(peer.hung_up());
  RawPeer other(at("a"));
  other.send(encode(Frame(HelloFrame{.nonce = random_nonce(), .name = "b"})));
  EXPECT_FALSE(other.receive_frame().empty());
  other.send(encode(Frame(FetchFrame{{"guest/job", 10, 1}, 0, FetchFor::kReaders})));
  EXPECT_TRUE(other.hung_up());
  EXPECT_TRUE(refused(2));
}

TEST_F(Stranger, AnEchoOfTheOthersProofIsNone) {
  RawPeer peer(at("a"));
  const std::string nonce = random_nonce();
  peer.send(encode(Frame(HelloFrame{.nonce = nonce, .name = "b"})));
  EXPECT_FALSE(peer.receive_frame().empty());
  peer.send(encode(Frame(ProofFrame{std::string(kProofBytes, '\0')})));
  EXPECT_TRUE(peer.hung_up());
}

TEST_F(Stranger, NoiseIsHungUpOn) {
  std::mt19937 random(5);
  for (int i = 0; i < 20; ++i) {
    RawPeer peer(at("a"));
    peer.send(noise(1 + random() % 400, static_cast<unsigned>(random())) + std::string(4, '\xff'));
    EXPECT_TRUE(peer.hung_up());
  }
  EXPECT_TRUE(refused(20));
  write_file(a(), "x", new_file(10, "w"), "bytes");
  EXPECT_EQ(*read_file(b(), "x"), "bytes");
}

TEST_F(Stranger, WhoSaysNothingIsLetGo) {
  // The time to say who one is cannot be set from outside: what counts is that others are served.
  std::vector<std::unique_ptr<RawPeer>> silent;
  for (int i = 0; i < 50; ++i) silent.push_back(std::make_unique<RawPeer>(at("a")));
  write_file(a(), "x", new_file(10, "w"), "bytes");
  EXPECT_EQ(*read_file(b(), "x"), "bytes");
}

TEST_F(Stranger, ASlowPeerHoldsUpNobody) {
  const std::string bytes = noise(16 << 20);
  write_file(a(), "x", new_file(10, "w"), bytes);
  RawPeer slow(at("a"));
  greet(slow, kKey, "slow");
  EXPECT_FALSE(slow.receive_frame().empty());
  slow.send(encode(Frame(FetchFrame{{"guest/job", 10, 1}, 0, FetchFor::kReaders})));
  EXPECT_EQ(slow.receive(100).size(), 100U);
  EXPECT_TRUE(*read_file(b(), "x") == bytes);
}

TEST_F(Stranger, FramesOutOfTurnEndTheConversation) {
  write_file(a(), "x", new_file(10, "w"), "bytes");
  for (const Frame& frame : {Frame(DataFrame{0, 0, "x"}), Frame(FinalFrame{1, 1}),
                             Frame(AliveFrame{}), Frame(KeptFrame{true})}) {
    RawPeer peer(at("a"));
    greet(peer, kKey);
    EXPECT_FALSE(peer.receive_frame().empty());
    peer.send(encode(frame));
    EXPECT_TRUE(peer.hung_up());
  }
}

TEST_F(Stranger, NodesWithAnotherKeyGetNothingFromEachOther) {
  write_file(a(), "x", new_file(10, "w"), "bytes");
  cluster.start("c", [](NodeSettings& settings) {
    watchful(settings);
    settings.trust = SharedKey{"another key, just as long as it has to be"};
  });
  EXPECT_EQ(read_file(cluster.on("c"), "x").error().code, base::ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace storage_ephemeral
