// Nodes that know each other by certificates.
#include <gtest/gtest.h>

#include <cstdlib>

#include "cluster.h"
#include "proxy.h"
#include "testing/scratch_folder.h"

namespace storage_ephemeral {
namespace {

class Tls : public testing::Test {
 protected:
  Tls() {
    authority("ours");
    authority("other");
  }

  void run(const std::string& command) {
    ASSERT_EQ(
        std::system(
            ("cd " + folder.path().string() + " && openssl " + command + " 2>/dev/null").c_str()),
        0)
        << command;
  }
  void authority(const std::string& who) {
    run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" + who +
        " -keyout " + who + ".key -out " + who + ".pem");
  }
  TlsFiles certificate(const std::string& node, const std::string& by = "ours") {
    const std::string file = node + "-" + by;
    run("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + node + " -keyout " +
        file + ".key -out " + file + ".csr");
    run("x509 -req -days 2 -CAcreateserial -in " + file + ".csr -CA " + by + ".pem -CAkey " + by +
        ".key -out " + file + ".pem");
    const auto at = [&](const std::string& made) { return (folder.path() / made).string(); };
    return {at(file + ".pem"), at(file + ".key"), at(by + ".pem")};
  }
  Volume& start(const NodeName& name, TlsFiles files) {
    return cluster.start(name, [&](NodeSettings& settings) {
      settings.trust = std::move(files);
      settings.patience = std::chrono::milliseconds(500);
    });
  }

  testing_support::ScratchFolder folder;
  Cluster cluster;
};

TEST_F(Tls, FilesGoFromNodeToNode) {
  Volume& a = start("a", certificate("a"));
  Volume& b = start("b", certificate("b"));
  const std::string bytes = noise(5'000'000);
  write_file(a, "x", new_file(10, "w"), bytes);
  const auto read = read_file(b, "x");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(*read == bytes);
  const OpenFile file = begin_file(a, "y", new_file(11, "w"));
  append(file, "one");
  const auto tail = open_file(b, "y", "r");
  ASSERT_TRUE(tail.ok());
  Answer<std::uint64_t> first;
  b.await_bytes(tail->file, 0, 3, first.done());
  EXPECT_EQ(*first.get(), 3U);
  append(file, "two");
  a.close_write(file.file);
  EXPECT_EQ(*read_rest(b, *tail), "onetwo");
  b.close_read(tail->file);
}

TEST_F(Tls, ACertificateOfAnotherAuthorityCountsForNothing) {
  Volume& a = start("a", certificate("a"));
  TlsFiles files = certificate("b", "other");
  Volume& b = start("b", files);
  write_file(a, "x", new_file(10, "w"), "bytes");
  EXPECT_FALSE(read_file(b, "x").ok());
  files.authority = certificate("c").authority;  // it trusts us, and we do not trust it
  Volume& again = start("b", files);
  EXPECT_FALSE(read_file(again, "x").ok());
  EXPECT_GT(cluster.node("a").metrics().peers_refused, 0U);
}

TEST_F(Tls, ANodeCannotPassForAnother) {
  Volume& a = start("a", certificate("mallory"));
  Volume& b = start("b", certificate("b"));
  write_file(a, "x", new_file(10, "w"), "bytes");
  EXPECT_FALSE(read_file(b, "x").ok());
}

TEST_F(Tls, WhoSpeaksPlainlyIsHungUpOn) {
  start("a", certificate("a"));
  RawPeer peer(*cluster.address("a"));
  peer.send(std::string(64, 'x'));
  peer.receive(1 << 10);  // perhaps an alert
  EXPECT_TRUE(peer.hung_up());
}

TEST(Trust, WhatCannotBeReadIsSaid) {
  testing_support::MemoryObjectStore store;
  testing_support::FakeClock clock;
  base::DiscardSink sink;
  const auto start = [&](Trust trust) {
    NodeSettings settings{.name = "a",
                          .listen = {"127.0.0.1", 0},
                          .trust = std::move(trust),
                          .address_of = {},
                          .copy_candidates = {}};
    return Node::start(std::move(settings), store, clock, base::Logger(sink, clock));
  };
  EXPECT_EQ(start(SharedKey{"short"}).error().code, base::ErrorCode::kInvalidArgument);
  const auto tls = start(TlsFiles{"/nowhere.pem", "/nowhere.key", "/nowhere.ca"});
  ASSERT_FALSE(tls.ok());
  EXPECT_NE(tls.error().message.find("/nowhere.ca"), std::string::npos);
}

}  // namespace
}  // namespace storage_ephemeral
