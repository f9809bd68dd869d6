#include "gpu_wire/client_link.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "testing/eventually.h"
#include "testing_gpu/ends.h"

namespace {

using gpu_wire::append_frame;
using gpu_wire::ClientLink;
using gpu_wire::FrameReader;
using gpu_wire::kReplyBit;
using testing_gpu::Listener;

using Bytes = std::vector<std::byte>;

struct Heard final : gpu_wire::Events {
  void host_call(std::uint64_t function) override { host_calls += function; }
  void print(std::string_view text) override { printed += text; }
  std::atomic<std::uint64_t> host_calls = 0;
  std::string printed;
};

// A session that is a script: what it does with each frame is up to the test.
class Script {
 public:
  using Step = std::function<bool(Script&, const FrameReader::Frame&)>;

  Script(const std::string& kind, const Step& step,
         std::uint64_t window = 4 * gpu_wire::kTailBytesMax)
      : listener_(kind), thread_([this, step, window] { run(step, window); }) {}
  ~Script() { thread_.join(); }

  base::Result<std::unique_ptr<ClientLink>> connect(Heard& heard) {
    return ClientLink::open(listener_.endpoint(), {.token = "t", .host = "h"}, heard);
  }

  template <typename Message>
  void say(std::uint32_t sequence, const Message& message) {
    Bytes bytes;
    append_frame(bytes, sequence, message);
    (void)transport_->send(bytes, {});
  }
  // A reply: its head, then what of it the message has.
  template <typename Message>
  void reply(const FrameReader::Frame& to, gpu_wire::ReplyHead head,
             typename Message::Reply reply = {}) {
    Bytes bytes(gpu_wire::FrameHeader::kBytes + head.encoded_bytes() + reply.encoded_bytes());
    const gpu_wire::FrameHeader header{
        .length = static_cast<std::uint32_t>(bytes.size() - gpu_wire::FrameHeader::kBytes),
        .opcode = static_cast<std::uint16_t>(Message::kOpcode | kReplyBit),
        .sequence = to.header.sequence};
    reply.encode(head.encode(header.encode(bytes.data())));
    (void)transport_->send(bytes, {});
  }
  FrameReader& reader() { return *reader_; }

 private:
  void run(const Step& step, std::uint64_t window) {
    transport_ = listener_.accept();
    reader_.emplace(*transport_, gpu_wire::kRequestBytesMax);
    const auto hello = reader_->next();
    if (!hello.ok()) return;
    const gpu_wire::Welcome welcome{.window_bytes = window, .name = "a device"};
    Bytes bytes(welcome.encoded_bytes());
    welcome.encode(bytes.data());
    reply<gpu_wire::Hello>(*hello, {}, {.welcome = bytes});
    while (true) {
      const auto frame = reader_->next();
      if (!frame.ok() || !step(*this, *frame)) break;
    }
    transport_->close();
  }

  Listener listener_;
  std::unique_ptr<gpu_wire::Transport> transport_;
  std::optional<FrameReader> reader_;
  std::thread thread_;
};

bool answer_pings(Script& script, const FrameReader::Frame& frame) {
  if (frame.header.opcode == gpu_wire::Ping::kOpcode) script.reply<gpu_wire::Ping>(frame, {});
  return script.reader().skip_tail().ok();
}

class Link : public ::testing::TestWithParam<const char*> {
 protected:
  Heard heard_;
};

TEST_P(Link, ACallIsAnsweredAndTheWelcomeIsKept) {
  Script script(GetParam(), answer_pings);
  const auto link = script.connect(heard_).value();
  EXPECT_EQ(link->welcome().name, "a device");
  EXPECT_EQ(link->call(gpu_wire::Ping{}).result, 0U);
}

TEST_P(Link, AThousandPostsAndACallAreAFewWrites) {
  std::atomic<int> launches = 0;
  Script script(GetParam(), [&](Script& self, const FrameReader::Frame& frame) {
    launches += frame.header.opcode == gpu_wire::Launch::kOpcode;
    return answer_pings(self, frame);
  });
  const auto link = script.connect(heard_).value();
  const Bytes parameters(32);
  for (int i = 0; i < 1000; ++i) link->post(gpu_wire::Launch{.parameters = parameters});
  EXPECT_EQ(link->call(gpu_wire::Ping{}).result, 0U);
  EXPECT_EQ(launches, 1000);
  EXPECT_LE(link->counters().flushes, 20U);
  EXPECT_EQ(link->counters().calls, 1U);
}

TEST_P(Link, APostThatNothingFollowsIsSentAllTheSame) {
  std::atomic<int> seen = 0;
  Script script(GetParam(), [&](Script& self, const FrameReader::Frame& frame) {
    ++seen;
    return answer_pings(self, frame);
  });
  const auto link = script.connect(heard_).value();
  for (int round = 1; round <= 3; ++round) {
    link->post(gpu_wire::Free{.address = 1});
    EXPECT_TRUE(testing_support::eventually([&] { return seen == round; }));
  }
}

TEST_P(Link, AnEarlierMessagesErrorComesWithAReplyThatHasNone) {
  Script script(GetParam(), [&](Script& self, const FrameReader::Frame& frame) {
    if (frame.header.opcode == gpu_wire::Ping::kOpcode)
      self.reply<gpu_wire::Ping>(frame, {.deferred = 700, .deferred_sequence = 1});
    if (frame.header.opcode == gpu_wire::Synchronize::kOpcode)
      self.reply<gpu_wire::Synchronize>(frame, {.result = 719, .deferred = 700});
    return true;
  });
  const auto link = script.connect(heard_).value();
  link->post(gpu_wire::Free{});
  const auto answer = link->call(gpu_wire::Ping{});
  EXPECT_EQ(answer.result, 700U);
  EXPECT_EQ(answer.deferred_sequence, 1U);
  EXPECT_EQ(link->call(gpu_wire::Synchronize{}).result, 719U);
}

TEST_P(Link, DataGoStraightToTheirPlace) {
  Bytes content(300'000);
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::byte>(i * 5);
  Script script(GetParam(), [&](Script& self, const FrameReader::Frame& frame) {
    gpu_wire::CopyOut ask;
    gpu_wire::Reader in(frame.payload);
    if (frame.header.opcode != gpu_wire::CopyOut::kOpcode || !ask.decode(in)) return true;
    const std::span all(content);
    self.say(0, gpu_wire::Data{.landing = ask.landing, .offset = 0, .bytes = all.first(200'000)});
    self.say(
        0,
        gpu_wire::Data{
            .landing = ask.landing, .offset = 200'000, .last = 1, .bytes = all.subspan(200'000)});
    self.reply<gpu_wire::CopyOut>(frame, {});
    return true;
  });
  const auto link = script.connect(heard_).value();
  Bytes place(content.size());
  const std::uint64_t landing = link->add_landing(place);
  EXPECT_EQ(link->call(gpu_wire::CopyOut{.landing = landing, .bytes = 300'000}).result, 0U);
  EXPECT_EQ(place, content);
}

TEST_P(Link, DataThatWouldNotFitEndTheConnection) {
  Script script(GetParam(), [&](Script& self, const FrameReader::Frame& frame) {
    self.say(0, gpu_wire::Data{.landing = 1, .offset = ~std::uint64_t{0} - 3, .bytes = Bytes(8)});
    (void)frame;
    return true;
  });
  const auto link = script.connect(heard_).value();
  Bytes place(16);
  EXPECT_EQ(link->add_landing(place), 1U);
  EXPECT_EQ(link->call(gpu_wire::Ping{}).result, gpu_wire::kLost);
}

TEST_P(Link, EventsAreToldWhileACallWaits) {
  Script script(GetParam(), [&](Script& self, const FrameReader::Frame& frame) {
    self.say(0, gpu_wire::HostCall{.function = 5});
    self.say(0, gpu_wire::Print{.text = std::as_bytes(std::span<const char>("hello", 5))});
    self.reply<gpu_wire::Ping>(frame, {});
    return true;
  });
  const auto link = script.connect(heard_).value();
  EXPECT_EQ(link->call(gpu_wire::Ping{}).result, 0U);
  EXPECT_EQ(heard_.host_calls, 5U);
  EXPECT_EQ(heard_.printed, "hello");
}

TEST_P(Link, AListenerHearsEventsWhenNobodyCalls) {
  Script script(GetParam(), [&](Script& self, const FrameReader::Frame& frame) {
    if (frame.header.opcode == gpu_wire::HostFunction::kOpcode)
      self.say(0, gpu_wire::HostCall{.function = 9});
    return answer_pings(self, frame);
  });
  const auto link = script.connect(heard_).value();
  link->listen_always();
  link->post(gpu_wire::HostFunction{});
  EXPECT_TRUE(testing_support::eventually([&] { return heard_.host_calls == 9; }));
  EXPECT_EQ(link->call(gpu_wire::Ping{}).result, 0U);
}

TEST_P(Link, ThreadsGetTheirOwnAnswers) {
  Script script(GetParam(), [&](Script& self, const FrameReader::Frame& frame) {
    gpu_wire::Allocate ask;
    gpu_wire::Reader in(frame.payload);
    if (frame.header.opcode == gpu_wire::Allocate::kOpcode && ask.decode(in))
      self.reply<gpu_wire::Allocate>(frame, {}, {.address = ask.bytes * 2});
    return true;
  });
  const auto link = script.connect(heard_).value();
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < 500; ++i) {
        link->post(gpu_wire::Free{.address = i});
        const std::uint64_t bytes = t << 32 | i;
        wrong += link->call(gpu_wire::Allocate{.bytes = bytes}).reply.address != bytes * 2;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_P(Link, PostsBeyondTheWindowWaitUntilTheEnd) {
  constexpr std::uint64_t kWindow = 4 * gpu_wire::kTailBytesMax;
  std::atomic<std::uint64_t> taken = 0;
  Script script(
      GetParam(),
      [&](Script& self, const FrameReader::Frame& frame) {
        if (!self.reader().skip_tail().ok()) return false;
        taken = self.reader().consumed_bytes();
        return answer_pings(self, frame);
      },
      kWindow);
  const auto link = script.connect(heard_).value();
  std::atomic<int> posted = 0;
  std::thread poster([&] {
    const Bytes piece(gpu_wire::kTailBytesMax);
    for (int i = 0; i < 12; ++i, ++posted) link->post_tail(gpu_wire::CopyIn{}, piece);
  });
  // Three pieces and their heads fit beside the hello; the next waits until it is told that they
  // were executed.
  EXPECT_TRUE(testing_support::eventually([&] { return taken > 3 * gpu_wire::kTailBytesMax; }));
  EXPECT_EQ(posted, 3);
  EXPECT_LE(taken, kWindow);
  link->close();
  poster.join();
  EXPECT_TRUE(link->lost());
}

TEST_P(Link, CreditLetsPostsGoOn) {
  std::atomic<std::uint64_t> taken = 0;
  Script script(GetParam(), [&](Script& self, const FrameReader::Frame& frame) {
    if (!self.reader().skip_tail().ok()) return false;
    taken = self.reader().consumed_bytes();
    self.say(0, gpu_wire::Credit{.executed_bytes = taken});
    return answer_pings(self, frame);
  });
  const auto link = script.connect(heard_).value();
  const Bytes piece(gpu_wire::kTailBytesMax);
  for (int i = 0; i < 40; ++i) link->post_tail(gpu_wire::CopyIn{}, piece);
  EXPECT_EQ(link->call(gpu_wire::Ping{}).result, 0U);
  EXPECT_GT(taken, 40U * gpu_wire::kTailBytesMax);
}

TEST_P(Link, ASessionThatGoesAwayEndsEveryWait) {
  Script script(GetParam(), [](Script&, const FrameReader::Frame& frame) {
    return frame.header.opcode != gpu_wire::Synchronize::kOpcode;
  });
  const auto link = script.connect(heard_).value();
  std::thread other([&] { EXPECT_EQ(link->call(gpu_wire::Ping{}).result, gpu_wire::kLost); });
  EXPECT_EQ(link->call(gpu_wire::Synchronize{}).result, gpu_wire::kLost);
  other.join();
  EXPECT_EQ(link->call(gpu_wire::Ping{}).result, gpu_wire::kLost);
  link->post(gpu_wire::Free{});
  EXPECT_TRUE(link->lost());
}

INSTANTIATE_TEST_SUITE_P(Kinds, Link, ::testing::Values("unix", "tcp", "ring"),
                         [](const auto& kind) { return std::string(kind.param); });

}  // namespace
