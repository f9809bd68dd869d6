#include "gpu_session/session.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "gpu_wire/client_link.h"
#include "gpu_wire/digest.h"
#include "gpu_wire/id.h"
#include "testing_gpu_session/served.h"

namespace {

using gpu_device::CuResult;
using gpu_wire::ClientLink;
using gpu_wire::Id;
using gpu_wire::Kind;
using testing_gpu::Served;

using Bytes = std::vector<std::byte>;

constexpr auto kInvalidValue = static_cast<std::uint32_t>(CuResult::kInvalidValue);
constexpr auto kInvalidHandle = static_cast<std::uint32_t>(CuResult::kInvalidHandle);
constexpr auto kOutOfMemory = static_cast<std::uint32_t>(CuResult::kOutOfMemory);

struct Quiet final : gpu_wire::Events {
  void host_call(std::uint64_t) override {}
  void print(std::string_view) override {}
};

std::uint64_t id(Kind kind, std::uint32_t slot, std::uint32_t generation = 1) {
  return Id{.kind = kind, .generation = generation, .slot = slot}.packed();
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class SessionOver : public ::testing::TestWithParam<const char*> {
 protected:
  void serve(gpu_session::Options options = {}) {
    served_ = std::make_unique<Served>(GetParam(), std::move(options));
    link_ = connect().value();
  }
  base::Result<std::unique_ptr<ClientLink>> connect(const std::string& token = "secret") {
    return ClientLink::open(served_->endpoint(), {.token = token, .host = "test"}, quiet_);
  }
  std::uint32_t ping() { return link_->call(gpu_wire::Ping{}).result; }
  std::uint64_t allocate(std::uint64_t bytes) {
    const auto answer = link_->call(gpu_wire::Allocate{.bytes = bytes});
    EXPECT_EQ(answer.result, 0U);
    return answer.reply.address;
  }
  void copy_in(std::uint64_t address, std::span<const std::byte> from) {
    for (std::size_t at = 0; at < from.size(); at += gpu_wire::kTailBytesMax) {
      link_->post_tail(
          gpu_wire::CopyIn{.address = address + at},
          from.subspan(at, std::min<std::size_t>(gpu_wire::kTailBytesMax, from.size() - at)));
    }
  }
  std::uint32_t copy_out(std::uint64_t address, std::span<std::byte> to) {
    const std::uint64_t landing = link_->add_landing(to);
    const auto result =
        link_->call(gpu_wire::CopyOut{.landing = landing, .address = address, .bytes = to.size()})
            .result;
    link_->remove_landing(landing);
    return result;
  }
  // Loads as a client does: by its name, and if that is not enough with its bytes.
  gpu_wire::Answer<gpu_wire::LoadReply> load(std::uint64_t module, std::string_view image) {
    const gpu_wire::Load ask{.module = module,
                             .digest = gpu_wire::digest_of(bytes_of(image)),
                             .bytes_total = image.size()};
    auto answer = link_->call(ask);
    if (answer.result != 0 || answer.reply.image_wanted == 0) return answer;
    link_->post_tail(
        gpu_wire::ImagePart{.digest = ask.digest, .bytes_total = image.size(), .offset = 0},
        bytes_of(image));
    return link_->call(ask);
  }

  Quiet quiet_;
  std::unique_ptr<Served> served_;
  std::unique_ptr<ClientLink> link_;
};

TEST_P(SessionOver, TheWelcomeIsAPortraitOfTheDevice) {
  serve({.quotas = {.memory_bytes = 1 << 20}});
  const gpu_wire::Welcome& welcome = link_->welcome();
  EXPECT_EQ(welcome.name, "Null device");
  EXPECT_EQ(welcome.driver_version, 13'000U);
  EXPECT_EQ(welcome.architecture, 70U);
  EXPECT_EQ(welcome.memory_bytes, 1U << 20);
  EXPECT_FALSE(welcome.attributes.empty());
}

TEST_P(SessionOver, BytesGoInAndComeOutAgain) {
  serve();
  for (const std::size_t size : {1UL, 4UL, 8192UL, 9000UL, 70'000UL, 1UL << 20, (5UL << 20) + 3}) {
    std::mt19937 random(static_cast<unsigned>(size));
    Bytes content(size), back(size);
    for (std::byte& each : content) each = static_cast<std::byte>(random());
    const std::uint64_t address = allocate(size);
    copy_in(address, content);
    ASSERT_EQ(copy_out(address, back), 0U) << size;
    EXPECT_EQ(back, content) << size;
    link_->post(gpu_wire::Free{.address = address});
  }
  EXPECT_EQ(ping(), 0U);
}

TEST_P(SessionOver, ManySmallCopiesKeepTheirOrder) {
  serve();
  const std::uint64_t address = allocate(4096);
  for (std::uint32_t i = 0; i < 3000; ++i)
    copy_in(address + i % 64 * 4, std::as_bytes(std::span(&i, 1)));
  std::array<std::uint32_t, 64> back{};
  ASSERT_EQ(copy_out(address, std::as_writable_bytes(std::span(back))), 0U);
  for (std::uint32_t i = 0; i < back.size(); ++i)
    EXPECT_EQ(back[i] % 64, i) << "the last round that wrote it";
  EXPECT_EQ(back[55], 2999U);
}

TEST_P(SessionOver, ALaterCopyArrivesWithTheNextReply) {
  serve();
  const std::uint64_t address = allocate(3 << 20);
  Bytes content(3 << 20, std::byte{9}), back(3 << 20);
  copy_in(address, content);
  const std::uint64_t landing = link_->add_landing(back);
  link_->post(gpu_wire::CopyOutLater{.landing = landing, .address = address, .bytes = back.size()});
  EXPECT_EQ(link_->call(gpu_wire::Synchronize{}).result, 0U);
  EXPECT_EQ(back, content);
}

TEST_P(SessionOver, LaterCopiesBeyondWhatMayBeStagedComeAtOnce) {
  serve({.quotas = {.staged_bytes = 1000}});
  const std::uint64_t address = allocate(4096);
  copy_in(address, Bytes(4096, std::byte{3}));
  Bytes back(4096);
  link_->post(gpu_wire::CopyOutLater{
      .landing = link_->add_landing(back), .address = address, .bytes = back.size()});
  EXPECT_EQ(ping(), 0U);
  EXPECT_EQ(back, Bytes(4096, std::byte{3}));
}

TEST_P(SessionOver, FillsAndCopiesWithin) {
  serve();
  const std::uint64_t a = allocate(100), b = allocate(100);
  link_->post(
      gpu_wire::Fill{.address = a, .width = 100, .height = 1, .value = 1, .element_bytes = 1});
  // Two rows of two 16-bit elements, 10 bytes apart.
  link_->post(gpu_wire::Fill{.address = a + 10,
                             .pitch = 10,
                             .width = 2,
                             .height = 2,
                             .value = 0x0303,
                             .element_bytes = 2});
  link_->post(gpu_wire::CopyAcross{.to = b, .from = a, .bytes = 100});
  Bytes back(100);
  ASSERT_EQ(copy_out(b, back), 0U);
  for (std::size_t i = 0; i < back.size(); ++i) {
    const bool filled = (i >= 10 && i < 14) || (i >= 20 && i < 24);
    EXPECT_EQ(back[i], filled ? std::byte{3} : std::byte{1}) << i;
  }
}

TEST_P(SessionOver, RangesThatOverflowAreInvalid) {
  serve();
  const std::uint64_t address = allocate(100);
  Bytes back(100);
  for (const std::uint64_t bytes : {101UL, 0xffff'ffffUL, ~0UL, ~0UL - 50}) {
    EXPECT_EQ(link_->call(gpu_wire::CopyOut{.address = address, .bytes = bytes}).result,
              kInvalidValue);
    link_->post(gpu_wire::CopyOutLater{.address = address, .bytes = bytes});
    EXPECT_EQ(ping(), kInvalidValue);
    link_->post(gpu_wire::Fill{
        .address = address, .pitch = bytes, .width = bytes, .height = bytes, .element_bytes = 4});
    EXPECT_EQ(ping(), kInvalidValue);
    EXPECT_NE(link_->call(gpu_wire::Allocate{.bytes = bytes | 1UL << 40}).result, 0U);
  }
  EXPECT_EQ(copy_out(0, back), kInvalidValue);
  EXPECT_EQ(ping(), 0U);
}

TEST_P(SessionOver, TheMemoryQuotaHolds) {
  serve({.quotas = {.memory_bytes = 1000}});
  EXPECT_EQ(link_->call(gpu_wire::Allocate{.bytes = 1001}).result, kOutOfMemory);
  const std::uint64_t all = allocate(1000);
  EXPECT_EQ(link_->call(gpu_wire::Allocate{.bytes = 1}).result, kOutOfMemory);
  const auto info = link_->call(gpu_wire::MemoryInfo{});
  EXPECT_EQ(info.reply.total_bytes, 1000U);
  EXPECT_EQ(info.reply.free_bytes, 0U);
  link_->post(gpu_wire::Free{.address = all});
  allocate(500);
  EXPECT_EQ(ping(), 0U);
  EXPECT_EQ(served_->session().counters().memory_bytes_peak, 1000U);
}

TEST_P(SessionOver, TheQuotaOfStreamsHolds) {
  serve({.quotas = {.streams = 2}});
  for (std::uint32_t slot = 0; slot < 2; ++slot)
    link_->post(gpu_wire::StreamCreate{.stream = id(Kind::kStream, slot)});
  EXPECT_EQ(ping(), 0U);
  link_->post(gpu_wire::StreamCreate{.stream = id(Kind::kStream, 2)});
  EXPECT_EQ(ping(), kOutOfMemory);
}

TEST_P(SessionOver, AnImageIsSentOnceAndItsKernelsAreTold) {
  serve();
  constexpr std::string_view kImage = "kernel add 8 8 4\nkernel none\nvariable table 64\n";
  const auto first = load(id(Kind::kModule, 0), kImage);
  ASSERT_EQ(first.result, 0U);
  ASSERT_EQ(first.reply.kernels.size(), 2U);
  EXPECT_EQ(first.reply.kernels[0].name, "add");
  EXPECT_EQ(first.reply.kernels[0].parameters[2].offset, 16U);
  EXPECT_EQ(first.reply.variables[0].name, "table");
  const gpu_wire::Load again{.module = id(Kind::kModule, 1),
                             .digest = gpu_wire::digest_of(bytes_of(kImage)),
                             .bytes_total = kImage.size()};
  EXPECT_EQ(link_->call(again).reply.image_wanted, 0U);
}

TEST_P(SessionOver, AnImageThatIsNotWhatItsNameSaysIsForgotten) {
  serve();
  const gpu_wire::Digest wrong = gpu_wire::digest_of(bytes_of("kernel good"));
  link_->post_tail(gpu_wire::ImagePart{.digest = wrong, .bytes_total = 11, .offset = 0},
                   bytes_of("kernel evil"));
  EXPECT_EQ(ping(), static_cast<std::uint32_t>(CuResult::kInvalidImage));
  EXPECT_EQ(served_->images().find(wrong), nullptr);
}

TEST_P(SessionOver, PartsOfImagesMustFit) {
  serve({.quotas = {.image_bytes = 100}});
  const auto part = [&](std::uint64_t total, std::uint64_t offset, std::size_t bytes) {
    link_->post_tail(gpu_wire::ImagePart{.bytes_total = total, .offset = offset}, Bytes(bytes));
    return ping();
  };
  EXPECT_EQ(part(101, 0, 1), kInvalidValue);
  EXPECT_EQ(part(~0UL, 0, 1), kInvalidValue);
  EXPECT_EQ(part(10, 1, 1), kInvalidValue);
  EXPECT_EQ(part(10, 0, 11), kInvalidValue);
  EXPECT_EQ(part(10, 0, 0), kInvalidValue);
  EXPECT_EQ(part(10, 0, 6), 0U);
  EXPECT_EQ(part(10, 5, 5), kInvalidValue);
}

TEST_P(SessionOver, LaunchesNeedTheRightKernelAndParameters) {
  serve();
  ASSERT_EQ(load(id(Kind::kModule, 0), "kernel add 8 4").result, 0U);
  const Bytes parameters(12);
  const auto launch = [&](std::uint64_t module, std::uint32_t kernel, std::size_t bytes,
                          std::uint64_t stream) {
    link_->post(gpu_wire::Launch{.stream = stream,
                                 .module = module,
                                 .kernel = kernel,
                                 .grid = {1, 1, 1},
                                 .block = {1, 1, 1},
                                 .parameters = std::span(parameters).first(bytes)});
    return ping();
  };
  EXPECT_EQ(launch(id(Kind::kModule, 0), 0, 12, 0), 0U);
  EXPECT_EQ(launch(id(Kind::kModule, 0), 0, 11, 0), kInvalidValue);
  EXPECT_EQ(launch(id(Kind::kModule, 0), 1, 12, 0), kInvalidHandle);
  EXPECT_EQ(launch(id(Kind::kModule, 1), 0, 12, 0), kInvalidHandle);
  EXPECT_EQ(launch(id(Kind::kModule, 0, 2), 0, 12, 0), kInvalidHandle);
  EXPECT_EQ(launch(id(Kind::kModule, 0), 0, 12, id(Kind::kStream, 0)), kInvalidHandle);
  EXPECT_EQ(launch(id(Kind::kModule, 0), 0, 12, 2), kInvalidHandle);
  EXPECT_EQ(served_->session().counters().launches, 1U);
  link_->post(gpu_wire::Unload{.module = id(Kind::kModule, 0)});
  EXPECT_EQ(launch(id(Kind::kModule, 0), 0, 12, 0), kInvalidHandle);
}

TEST_P(SessionOver, TheFirstOfSeveralErrorsIsToldOnceWithItsNumber) {
  serve();
  link_->post(gpu_wire::Free{.address = 1});
  link_->post(gpu_wire::EventDestroy{.event = 5});
  const auto answer = link_->call(gpu_wire::Ping{});
  EXPECT_EQ(answer.result, kInvalidValue);
  EXPECT_EQ(answer.deferred_sequence, 1U);
  EXPECT_EQ(ping(), 0U);
}

TEST_P(SessionOver, AFaultStays) {
  serve();
  EXPECT_EQ(ping(), 0U);
  dynamic_cast<gpu_null::NullDevice&>(served_->device()).fail(CuResult::kIllegalAddress);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(link_->call(gpu_wire::Synchronize{}).result, 700U);
  EXPECT_EQ(link_->call(gpu_wire::Allocate{.bytes = 1}).result, 700U);
}

TEST_P(SessionOver, EventsAndStreamsAreThereUntilTheyAreDestroyed) {
  serve();
  const std::uint64_t stream = id(Kind::kStream, 0), event = id(Kind::kEvent, 0);
  link_->post(gpu_wire::StreamCreate{.stream = stream});
  link_->post(gpu_wire::EventCreate{.event = event});
  link_->post(gpu_wire::EventRecord{.event = event, .stream = stream});
  link_->post(gpu_wire::StreamWait{.stream = stream, .event = event});
  EXPECT_EQ(link_->call(gpu_wire::EventSynchronize{.event = event}).result, 0U);
  EXPECT_EQ(link_->call(gpu_wire::StreamQuery{.stream = stream}).result, 0U);
  EXPECT_EQ(link_->call(gpu_wire::EventElapsed{.from = event, .to = event}).result, 0U);
  EXPECT_EQ(link_->call(gpu_wire::EventQuery{.event = stream}).result, kInvalidHandle);
  link_->post(gpu_wire::StreamDestroy{.stream = stream});
  link_->post(gpu_wire::EventDestroy{.event = event});
  EXPECT_EQ(link_->call(gpu_wire::StreamQuery{.stream = stream}).result, kInvalidHandle);
  EXPECT_EQ(link_->call(gpu_wire::EventQuery{.event = event}).result, kInvalidHandle);
}

TEST_P(SessionOver, AWrongTokenIsToldWhyAndNothingElse) {
  serve({.admit = [](std::string_view token) -> base::Status {
    if (token == "secret") return {};
    return base::Error{base::ErrorCode::kPermissionDenied, "no lease has this token"};
  }});
  const auto refused = connect("guess");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, base::ErrorCode::kPermissionDenied);
  EXPECT_EQ(refused.error().message, "no lease has this token");
  EXPECT_EQ(served_->end().error().code, base::ErrorCode::kPermissionDenied);
}

TEST_P(SessionOver, AnotherSchemaIsRefused) {
  serve();
  auto transport = gpu_wire::connect(served_->endpoint(), std::chrono::seconds(5)).value();
  Bytes frame;
  gpu_wire::append_frame(frame, 0, gpu_wire::Hello{.protocol = gpu_wire::kProtocolVersion});
  ASSERT_TRUE(transport->send(frame, {}).ok());
  gpu_wire::FrameReader reader(*transport, gpu_wire::kMessageBytesMax);
  const auto frame_back = reader.next();
  ASSERT_TRUE(frame_back.ok());
  gpu_wire::ReplyHead head;
  gpu_wire::HelloReply reply;
  gpu_wire::Reader in(frame_back->payload);
  ASSERT_TRUE(head.decode(in) && reply.decode(in));
  EXPECT_EQ(reply.refusal, 2U);
  EXPECT_TRUE(reply.welcome.empty());
}

TEST_P(SessionOver, AMalformedFrameEndsTheSession) {
  serve();
  auto transport = gpu_wire::connect(served_->endpoint(), std::chrono::seconds(5)).value();
  Bytes frame;
  gpu_wire::append_frame(
      frame, 0,
      gpu_wire::Hello{.protocol = gpu_wire::kProtocolVersion, .schema = gpu_wire::kSchemaHash});
  gpu_wire::append_frame(frame, 1, gpu_wire::Credit{});
  ASSERT_TRUE(transport->send(frame, {}).ok());
  Bytes rest(4096);
  while (transport->receive(rest).ok()) {
  }
  EXPECT_EQ(served_->end().error().code, base::ErrorCode::kDataLoss);
}

TEST_P(SessionOver, AClientThatGoesEndsItWithoutAnError) {
  serve();
  EXPECT_EQ(ping(), 0U);
  link_->close();
  EXPECT_TRUE(served_->end().ok());
}

TEST_P(SessionOver, StoppingEndsWhatTheClientWaitsFor) {
  serve();
  EXPECT_EQ(ping(), 0U);
  served_->session().stop();
  EXPECT_EQ(ping(), gpu_wire::kLost);
}

INSTANTIATE_TEST_SUITE_P(Kinds, SessionOver, ::testing::Values("unix", "tcp", "ring"),
                         [](const auto& kind) { return std::string(kind.param); });

}  // namespace
