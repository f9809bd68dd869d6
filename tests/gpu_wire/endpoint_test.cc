#include "gpu_wire/endpoint.h"

#include <gtest/gtest.h>

#include "testing/scratch_folder.h"

namespace {

using gpu_wire::Endpoint;
using gpu_wire::parse_endpoint;

TEST(Endpoint, EachKindIsRead) {
  EXPECT_EQ(parse_endpoint("unix:/run/gpu").value().place, "/run/gpu");
  EXPECT_EQ(parse_endpoint("ring:/run/gpu").value().kind, Endpoint::Kind::kRing);
  const Endpoint tcp = parse_endpoint("tcp:gpu-3.example:9400").value();
  EXPECT_EQ(tcp.place, "gpu-3.example");
  EXPECT_EQ(tcp.port, 9400);
  EXPECT_EQ(parse_endpoint("tcp:[::1]:9400").value().place, "::1");
}

TEST(Endpoint, AnythingElseIsRefusedWithItsText) {
  for (const char* text : {"", "unix", "unix:", "unix:relative", "tcp:host", "tcp::1",
                           "tcp:host:", "tcp:host:70000", "tcp:host:9x", "http://host"}) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_FALSE(endpoint.ok()) << text;
    EXPECT_NE(endpoint.error().message.find(text), std::string::npos);
  }
}

TEST(Endpoint, NobodyThereIsUnavailableWhenTheTimeIsOver) {
  testing_support::ScratchFolder folder;
  const Endpoint endpoint{.kind = Endpoint::Kind::kUnix, .place = folder.path() / "none"};
  EXPECT_EQ(gpu_wire::connect(endpoint, std::chrono::milliseconds(30)).error().code,
            base::ErrorCode::kUnavailable);
}

TEST(Endpoint, APathTooLongForASocketIsSaidAtOnce) {
  const Endpoint endpoint{.kind = Endpoint::Kind::kUnix, .place = "/" + std::string(200, 'x')};
  EXPECT_EQ(gpu_wire::connect(endpoint, std::chrono::minutes(5)).error().code,
            base::ErrorCode::kInvalidArgument);
}

}  // namespace
