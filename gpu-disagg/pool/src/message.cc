#include "gpu_pool/message.h"

#include <algorithm>
#include <utility>

#include "usage.h"

namespace gpu_pool {
namespace {

using base_net::ByteReader;
using base_net::ByteWriter;

constexpr std::uint32_t kMagic = 0x4752414c;  // "LARG"
constexpr std::uint8_t kFirstType = 2;        // after the two of the introduction
constexpr std::size_t kNameBytesMax = 1024;
constexpr std::size_t kJsonBytesMax = 512 << 10;
constexpr std::uint32_t kCountMax = 64;
constexpr std::uint64_t kTimeMsMax = 7 * 24 * 3'600'000ULL;

void write(ByteWriter& out, const Wish& wish) {
  out.text(wish.activation_id).text(wish.namespace_name).number(wish.memory_bytes);
  out.number(wish.count).number(static_cast<std::uint8_t>(wish.device));
  out.number(static_cast<std::uint64_t>(wish.wait.count()));
  out.number(static_cast<std::uint64_t>(wish.lease_for.count()));
  const std::size_t images = std::min(wish.images.size(), kImagesMax);
  out.number(static_cast<std::uint8_t>(images));
  for (std::size_t i = 0; i < images; ++i) {
    for (const std::uint8_t byte : wish.images[i]) out.number(byte);
  }
}

milliseconds read_time(ByteReader& in) {
  const auto ms = in.number<std::uint64_t>();
  if (ms > kTimeMsMax) in.refuse();
  return milliseconds(in.ok() ? static_cast<std::int64_t>(ms) : 0);
}

void read(ByteReader& in, Wish& wish) {
  wish.activation_id = in.text(kNameBytesMax);
  wish.namespace_name = in.text(kNameBytesMax);
  wish.memory_bytes = in.number<std::uint64_t>();
  wish.count = in.number<std::uint32_t>();
  wish.device = in.one_of(gpu_leases::DeviceWish::kHost);
  wish.wait = read_time(in);
  wish.lease_for = read_time(in);
  const std::size_t images = in.number<std::uint8_t>();
  if (images > kImagesMax || wish.count == 0 || wish.count > kCountMax) in.refuse();
  for (std::size_t i = 0; in.ok() && i < images; ++i) {
    gpu_wire::Digest digest{};
    const auto bytes = in.raw(digest.size());
    std::ranges::copy(bytes, digest.begin());
    wish.images.push_back(digest);
  }
}

bool read_flag(ByteReader& in) {
  const auto value = in.number<std::uint8_t>();
  if (value > 1) in.refuse();
  return value == 1;
}

struct Writer {
  ByteWriter& out;

  void operator()(const Enquire& m) const { write(out.number(m.ticket), m.wish); }
  void operator()(const Quoted& m) const {
    out.number(m.ticket).number(std::uint8_t{m.quote.ever}).number(std::uint8_t{m.quote.now});
    out.number(std::uint8_t{m.quote.warm}).number(std::uint64_t{m.quote.waiting});
    out.number(std::uint64_t{m.quote.same_namespace}).number(m.quote.free_bytes);
    out.number(m.quote.known_bytes);
  }
  void operator()(const Ask& m) const { write(out.number(m.ticket), m.wish); }
  void operator()(const Granted& m) const {
    out.number(m.ticket).text(m.local).text(m.remote).text(m.token).text(m.device);
    out.number(m.memory_bytes);
  }
  void operator()(const Refused& m) const {
    out.number(m.ticket).number(static_cast<std::uint8_t>(m.reason));
  }
  void operator()(const Release& m) const { out.number(m.ticket); }
  void operator()(const Ended& m) const {
    write(out.number(m.ticket).number(static_cast<std::uint8_t>(m.reason)), m.usage);
  }
  void operator()(const Describe& m) const { out.number(m.ticket); }
  void operator()(const Description& m) const { out.number(m.ticket).text(m.json); }
};

void read(ByteReader& in, Enquire& m) {
  m.ticket = in.number<std::uint64_t>();
  read(in, m.wish);
}
void read(ByteReader& in, Quoted& m) {
  m.ticket = in.number<std::uint64_t>();
  m.quote.ever = read_flag(in);
  m.quote.now = read_flag(in);
  m.quote.warm = read_flag(in);
  m.quote.waiting = in.number<std::uint64_t>();
  m.quote.same_namespace = in.number<std::uint64_t>();
  m.quote.free_bytes = in.number<std::uint64_t>();
  m.quote.known_bytes = in.number<std::uint64_t>();
}
void read(ByteReader& in, Ask& m) {
  m.ticket = in.number<std::uint64_t>();
  read(in, m.wish);
}
void read(ByteReader& in, Granted& m) {
  m.ticket = in.number<std::uint64_t>();
  for (auto* field : {&m.local, &m.remote, &m.token, &m.device}) *field = in.text(kNameBytesMax);
  m.memory_bytes = in.number<std::uint64_t>();
}
void read(ByteReader& in, Refused& m) {
  m.ticket = in.number<std::uint64_t>();
  m.reason = in.one_of(gpu_leases::Refusal::kStopping);
}
void read(ByteReader& in, Release& m) { m.ticket = in.number<std::uint64_t>(); }
void read(ByteReader& in, Ended& m) {
  m.ticket = in.number<std::uint64_t>();
  m.reason = in.one_of(EndReason::kLost);
  read(in, m.usage);
}
void read(ByteReader& in, Describe& m) { m.ticket = in.number<std::uint64_t>(); }
void read(ByteReader& in, Description& m) {
  m.ticket = in.number<std::uint64_t>();
  m.json = in.text(kJsonBytesMax);
}

// Reads the alternative of this number.
template <std::size_t... I>
bool read_type(ByteReader& in, Message& message, std::size_t type, std::index_sequence<I...>) {
  return ((type == I && (read(in, message.emplace<I>()), true)) || ...);
}

}  // namespace

base_net::Protocol protocol() {
  return {.magic = kMagic, .version = 1, .label = "larder gpu pool"};
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

}  // namespace gpu_pool
