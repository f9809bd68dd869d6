#include "database.h"

#include <gtest/gtest.h>

namespace invoker_couchdb {
namespace {

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
