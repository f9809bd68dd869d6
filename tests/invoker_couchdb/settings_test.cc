#include "invoker_couchdb/settings.h"

#include <gtest/gtest.h>

#include <map>

#include "database.h"

namespace invoker_couchdb {
namespace {

base::Result<CouchSettings> read(const std::map<std::string, std::string, std::less<>>& values) {
  return read_couch_settings([&](std::string_view key) -> std::optional<std::string> {
    const auto found = values.find(key);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(CouchSettings, AreReadFromOpenWhisksKeys) {
  const auto settings = read({{"whisk.couchdb.protocol", "https"},
                              {"whisk.couchdb.host", "db"},
                              {"whisk.couchdb.port", "6984"},
                              {"whisk.couchdb.username", "u"},
                              {"whisk.couchdb.password", "p"},
                              {"whisk.couchdb.provider", "CouchDB"},
                              {"whisk.couchdb.databases.WhiskEntity", "e"},
                              {"whisk.couchdb.databases.WhiskActivation", "a"},
                              {"whisk.couchdb.databases.WhiskAuth", "s"}});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->protocol, "https");
  EXPECT_EQ(settings->host, "db");
  EXPECT_EQ(settings->port, 6984);
  EXPECT_EQ(settings->username, "u");
  EXPECT_EQ(settings->password, "p");
  EXPECT_EQ(settings->actions, "e");
  EXPECT_EQ(settings->activations, "a");
  EXPECT_EQ(settings->subjects, "s");
}

TEST(CouchSettings, HaveDefaultsForWhatIsUnsetOrEmpty) {
  const auto settings = read({{"whisk.couchdb.host", ""}});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->host, "localhost");
  EXPECT_EQ(settings->port, 5984);
  EXPECT_EQ(settings->activations, "whisk_local_activations");
}

TEST(CouchSettings, RefuseAPortOrAProtocolThatIsNone) {
  for (const char* port : {"0", "65536", "5984x", "-1", "x"}) {
    EXPECT_FALSE(read({{"whisk.couchdb.port", port}})) << port;
  }
  EXPECT_FALSE(read({{"whisk.couchdb.protocol", "ftp"}}));
}

// One segment for the whole id. OpenWhisk writes '+' for a blank; %20 says the same to every
// server.
TEST(DocumentId, IsOneSegmentOfThePath) {
  EXPECT_EQ(encode_segment("guest/pkg/hello"), "guest%2Fpkg%2Fhello");
  EXPECT_EQ(encode_segment("a b+c"), "a%20b%2Bc");
  EXPECT_EQ(encode_segment("AZaz09.-*_"), "AZaz09.-*_");
  EXPECT_EQ(encode_segment("ä@~"), "%C3%A4%40%7E");
}

}  // namespace
}  // namespace invoker_couchdb
