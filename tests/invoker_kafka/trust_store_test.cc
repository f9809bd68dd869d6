// Certificates in the forms in which deployments keep them.
#include "trust_store.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace kafka_testing {
namespace {

using base::ErrorCode;
using invoker_kafka::read_trust_store;

class KafkaTrustStore : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/larder-trust-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder = name;
    run("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=test -days 2 -keyout " + at("key") +
        " -out " + at("pem"));
    run("openssl pkcs12 -export -nokeys -in " + at("pem") + " -passout pass:secret -out " +
        at("p12"));
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  static void run(const std::string& command) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody here changes the environment
    ASSERT_EQ(std::system((command + " 2>/dev/null").c_str()), 0);
  }
  std::string at(const std::string& file) const { return folder + "/" + file; }
  ErrorCode code_of(const std::string& file, const std::string& password) const {
    const auto store = read_trust_store(at(file), password);
    EXPECT_FALSE(store.ok());
    return store.ok() ? ErrorCode::kInternal : store.error().code;
  }
  std::string folder;
};

TEST_F(KafkaTrustStore, IsReadAsPem) {
  const auto store = read_trust_store(at("pem"), "");
  ASSERT_TRUE(store.ok()) << store.error().message;
  EXPECT_TRUE(store->starts_with("-----BEGIN CERTIFICATE-----"));
}

TEST_F(KafkaTrustStore, IsReadAsPkcs12) {
  const auto store = read_trust_store(at("p12"), "secret");
  ASSERT_TRUE(store.ok()) << store.error().message;
  const auto pem = read_trust_store(at("pem"), "");
  EXPECT_EQ(*store, *pem);
}

TEST_F(KafkaTrustStore, IsRefusedWithASentence) {
  std::ofstream(at("jks")) << "\xfe\xed\xfe\xed and more";
  std::ofstream(at("text")) << "not a store";
  EXPECT_EQ(code_of("p12", "wrong"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of("text", ""), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of("jks", ""), ErrorCode::kUnsupported);
  EXPECT_EQ(code_of("missing", ""), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace kafka_testing
