#include "invoker_handoff/message.h"

#include <utility>

namespace invoker_handoff {
namespace {

using base_net::ByteReader;
using base_net::ByteWriter;

constexpr std::uint32_t kMagic = 0x4852414c;  // "LARH"
constexpr std::uint8_t kFirstType = 2;        // after the two of the introduction
constexpr std::size_t kKeyBytesMax = 4096;
constexpr std::size_t kKindBytesMax = 256;
constexpr std::size_t kJsonBytesMax = 16 << 10;
constexpr std::int64_t kBytesMax = std::int64_t{1} << 46;
constexpr int kConcurrencyMax = 1 << 20;

struct Writer {
  ByteWriter& out;

  void operator()(const Greet& m) const { out.number(m.incarnation); }
  void operator()(const Offer& m) const {
    const invoker::JobDemand& demand = m.demand;
    out.number(m.ticket).text(demand.warm_key).text(demand.kind);
    out.number(std::uint8_t{demand.may_use_stem_cell});
    out.number(static_cast<std::uint64_t>(demand.memory_bytes));
    out.number(static_cast<std::uint32_t>(demand.concurrency_max));
  }
  void operator()(const Answer& m) const {
    out.number(m.ticket).number(std::uint8_t{m.accepted});
    out.number(static_cast<std::uint8_t>(m.reason));
  }
  void operator()(const Withdraw& m) const { out.number(m.ticket); }
  void operator()(const Commit& m) const {
    out.number(m.ticket).number(static_cast<std::uint32_t>(m.start_within.count()));
    out.text(m.owner).text(m.locality).text(m.message);
  }
  void operator()(const Ask& m) const { out.number(m.ticket).number(std::uint8_t{m.take_back}); }
  void operator()(const NotStarted& m) const {
    out.number(m.ticket).number(static_cast<std::uint8_t>(m.reason));
  }
  void operator()(const Underway& m) const { out.number(m.ticket); }
  void operator()(const Done& m) const { out.number(m.ticket); }
};

bool read_flag(ByteReader& in) {
  const auto value = in.number<std::uint8_t>();
  if (value > 1) in.refuse();
  return value == 1;
}

void read(ByteReader& in, Greet& m) { m.incarnation = in.number<std::uint64_t>(); }
void read(ByteReader& in, Offer& m) {
  m.ticket = in.number<std::uint64_t>();
  m.demand.warm_key = in.text(kKeyBytesMax);
  m.demand.kind = in.text(kKindBytesMax);
  m.demand.may_use_stem_cell = read_flag(in);
  const auto memory = in.number<std::uint64_t>();
  const auto concurrency = in.number<std::uint32_t>();
  if (memory == 0 || memory > kBytesMax) in.refuse();
  if (concurrency == 0 || concurrency > kConcurrencyMax) in.refuse();
  m.demand.memory_bytes = static_cast<std::int64_t>(memory);
  m.demand.concurrency_max = static_cast<int>(concurrency);
}
void read(ByteReader& in, Answer& m) {
  m.ticket = in.number<std::uint64_t>();
  m.accepted = read_flag(in);
  m.reason = in.one_of(kLastRefusal);
}
void read(ByteReader& in, Withdraw& m) { m.ticket = in.number<std::uint64_t>(); }
void read(ByteReader& in, Commit& m) {
  m.ticket = in.number<std::uint64_t>();
  m.start_within = milliseconds(in.number<std::uint32_t>());
  m.owner = in.text(kJsonBytesMax);
  m.locality = in.text(kJsonBytesMax);
  m.message = in.text(kMessageBytesMax);
}
void read(ByteReader& in, Ask& m) {
  m.ticket = in.number<std::uint64_t>();
  m.take_back = read_flag(in);
}
void read(ByteReader& in, NotStarted& m) {
  m.ticket = in.number<std::uint64_t>();
  m.reason = in.one_of(kLastRefusal);
}
void read(ByteReader& in, Underway& m) { m.ticket = in.number<std::uint64_t>(); }
void read(ByteReader& in, Done& m) { m.ticket = in.number<std::uint64_t>(); }

// Reads the alternative of this number.
template <std::size_t... I>
bool read_type(ByteReader& in, Message& message, std::size_t type, std::index_sequence<I...>) {
  return ((type == I && (read(in, message.emplace<I>()), true)) || ...);
}

}  // namespace

base_net::Protocol protocol() {
  return {
      .magic = kMagic, .version = 1, .label = "larder handoff", .frame_bytes_max = kFrameBytesMax};
}

std::string encode(const Message& message) {
  ByteWriter body;
  body.number(static_cast<std::uint8_t>(kFirstType + message.index()));
  std::visit(Writer{body}, message);
  return base_net::framed(body.take());
}

base::Result<Message> decode(std::string_view frame) {
  ByteReader in(frame);
  const auto type = in.number<std::uint8_t>();
  Message message;
  const bool known =
      type >= kFirstType && read_type(in, message, std::size_t{type} - kFirstType,
                                      std::make_index_sequence<std::variant_size_v<Message>>());
  if (known && in.at_end()) return message;
  return base::Error{base::ErrorCode::kInvalidArgument, "a frame that nobody can read"};
}

}  // namespace invoker_handoff
