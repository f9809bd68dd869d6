#include "base_net/connection.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "channel.h"

namespace base_net {
namespace {

// So much is read, or written, before other connections have their turn.
constexpr std::size_t kBytesAtOnceMax = 8 << 20;

// Twice the longest frame: what is left of one is seldom moved. Pages that are not used cost
// nothing.
std::size_t input_bytes(std::size_t frame_bytes_max) {
  return 2 * (frame_bytes_max + kFrameHeaderBytes);
}

base::Error refusal(const std::string& why) { return {base::ErrorCode::kPermissionDenied, why}; }

}  // namespace

Connection::Connection(EventLoop& loop, base::UniqueFd socket,
                       std::shared_ptr<const Identity> identity, ConnectionSettings settings,
                       ConnectionUser& user)
    : loop_(loop),
      socket_(std::move(socket)),
      identity_(std::move(identity)),
      settings_(std::move(settings)),
      user_(&user),
      channel_(open_channel(socket_.get(), settings_.side, *identity_)) {
  grow_input(input_bytes(kFirstFramesBytesMax));
}

Connection::~Connection() { close(); }

void Connection::start() {
  const auto self = weak_from_this();
  events_ = EPOLLIN | EPOLLOUT;
  loop_.watch(socket_.get(), events_, [self](std::uint32_t events) {
    if (const auto connection = self.lock()) connection->on_events(events);
  });
  deadline_ = loop_.after(settings_.introduction, [self] {
    if (const auto connection = self.lock()) connection->fail("it took too long to say who it is");
  });
}

void Connection::close() {
  if (!open()) return;
  loop_.cancel(deadline_);
  loop_.forget(socket_.get());
  channel_.reset();
  socket_.reset();
  output_.clear();
}

void Connection::fail(const std::string& why) {
  if (!open()) return;
  const auto keep = shared_from_this();
  close();
  user_->closed(why);
}

void Connection::on_events(std::uint32_t events) {
  const auto keep = shared_from_this();
  if (stage_ == Stage::kChannel) shake();
  if (open() && stage_ != Stage::kChannel) {
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_more();
    if (open() && (events & EPOLLOUT) != 0) write_more();
  }
  if (open()) expect_events();
}

void Connection::shake() {
  const Io io = channel_->handshake();
  handshake_wants_write_ = io.kind == Io::Kind::kWantWrite;
  if (io.kind == Io::Kind::kClosed) return fail("it could not be reached, or is not to be trusted");
  if (io.kind != Io::Kind::kDone) return;
  stage_ = Stage::kHello;
  if (settings_.side == Side::kCaller) greet();
}

void Connection::greet() {
  HelloFrame hello{.version = settings_.protocol.version, .nonce = random_nonce()};
  greeting_.label = settings_.protocol.label;
  if (settings_.side == Side::kCaller) {
    hello.name = settings_.self;
    greeting_.caller_nonce = hello.nonce;
    greeting_.caller = settings_.self;
    greeting_.answerer = settings_.peer;
  } else {
    greeting_.answerer_nonce = hello.nonce;
    greeting_.answerer = settings_.self;
  }
  ByteWriter bytes;
  encode_into(bytes.number(kHelloType), hello, settings_.protocol.magic);
  send(framed(bytes.take()));
}

void Connection::read_more() {
  std::size_t total = 0;
  while (open() && total < kBytesAtOnceMax) {
    make_room();
    const Io io = channel_->read(input_.get() + input_filled_, input_size_ - input_filled_);
    if (io.kind == Io::Kind::kClosed) return fail("it hung up");
    if (io.kind != Io::Kind::kDone) return;
    input_filled_ += io.bytes;
    total += io.bytes;
    take_frames();
  }
  // TLS may hold bytes that no event will tell of.
  if (open()) {
    loop_.post([self = weak_from_this()] {
      const auto connection = self.lock();
      if (connection != nullptr && connection->open()) connection->on_events(EPOLLIN);
    });
  }
}

// A frame always fits behind what was used, after moving what is left of the last one if need be.
void Connection::make_room() {
  if (input_used_ == input_filled_) input_used_ = input_filled_ = 0;
  const bool tight = input_size_ - input_filled_ < input_size_ / 4;
  if (input_used_ == 0 || !tight) return;
  std::memmove(input_.get(), input_.get() + input_used_, input_filled_ - input_used_);
  input_filled_ -= std::exchange(input_used_, 0);
}

void Connection::grow_input(std::size_t size) {
  auto larger = std::make_unique_for_overwrite<char[]>(size);
  if (input_filled_ > 0) std::memcpy(larger.get(), input_.get(), input_filled_);
  input_ = std::move(larger);
  input_size_ = size;
}

void Connection::take_frames() {
  while (open()) {
    const std::string_view unread(input_.get() + input_used_, input_filled_ - input_used_);
    const auto bytes =
        first_frame(unread, stage_ == Stage::kReady ? settings_.protocol.frame_bytes_max
                                                    : kFirstFramesBytesMax);
    if (!bytes.ok()) return fail(bytes.error().message);
    if (bytes->empty()) return;
    input_used_ += kFrameHeaderBytes + bytes->size();
    const auto taken = stage_ == Stage::kReady ? user_->take_frame(*bytes) : introduce(*bytes);
    if (!taken.ok()) return fail(taken.error().message);
  }
}

base::Status Connection::introduce(std::string_view frame) {
  ByteReader in(frame);
  const auto type = in.number<std::uint8_t>();
  if (stage_ == Stage::kHello && type == kHelloType) {
    HelloFrame hello;
    decode_from(in, hello, settings_.protocol.magic);
    if (in.at_end()) return hear_hello(hello);
  }
  if (stage_ == Stage::kProof && type == kProofType) {
    ProofFrame proof;
    decode_from(in, proof);
    if (in.at_end()) return hear_proof(proof);
  }
  return refusal("it does not say who it is");
}

base::Status Connection::hear_hello(const HelloFrame& hello) {
  if (hello.version != settings_.protocol.version) return refusal("it speaks another version");
  if (settings_.side == Side::kCaller) {
    greeting_.answerer_nonce = hello.nonce;
  } else {
    greeting_.caller_nonce = hello.nonce;
    greeting_.caller = hello.name;
    settings_.peer = hello.name;
    greet();
  }
  if (!open()) return {};
  if (identity_->tls() != nullptr) {
    if (channel_->peer_name() != settings_.peer) {
      return refusal("its certificate names another node");
    }
    introduced();
    return {};
  }
  stage_ = Stage::kProof;
  // The caller goes first: who answers proves nothing to strangers.
  if (settings_.side == Side::kCaller) prove();
  return {};
}

void Connection::prove() {
  ByteWriter bytes;
  encode_into(bytes.number(kProofType), ProofFrame{identity_->proof(greeting_, settings_.side)});
  send(framed(bytes.take()));
}

base::Status Connection::hear_proof(const ProofFrame& proof) {
  const Side other = settings_.side == Side::kCaller ? Side::kAnswerer : Side::kCaller;
  if (!identity_->proves(greeting_, other, proof.proof)) return refusal("it has another key");
  if (settings_.side == Side::kAnswerer) prove();
  if (open()) introduced();
  return {};
}

void Connection::introduced() {
  stage_ = Stage::kReady;
  loop_.cancel(deadline_);
  grow_input(input_bytes(settings_.protocol.frame_bytes_max));
  user_->ready(settings_.peer);
}

void Connection::send(std::string bytes) { enqueue({.own = std::move(bytes), .borrowed = {}}); }

void Connection::send_borrowed(std::string_view bytes) { enqueue({.own = {}, .borrowed = bytes}); }

void Connection::enqueue(Output output) {
  if (!open()) return;
  const auto keep = shared_from_this();
  output_.push_back(std::move(output));
  if (output_.size() == 1) write_more();
  if (open()) expect_events();
}

// The user may send more from within drained(): that joins the loop here.
void Connection::write_more() {
  if (stage_ == Stage::kChannel || writing_) return;
  writing_ = true;
  std::size_t total = 0;
  while (open() && !output_.empty() && total < kBytesAtOnceMax) {
    Output& output = output_.front();
    const std::string_view all =
        output.own.empty() ? output.borrowed : std::string_view(output.own);
    const Io io = channel_->write(all.data() + output.offset, all.size() - output.offset);
    if (io.kind == Io::Kind::kClosed) fail("it hung up");
    if (io.kind != Io::Kind::kDone) break;
    total += io.bytes;
    output.offset += io.bytes;
    if (output.offset < all.size()) continue;
    output_.pop_front();
    if (output_.empty() && stage_ == Stage::kReady) user_->drained();
  }
  writing_ = false;
}

void Connection::expect_events() {
  const bool wants_write = stage_ == Stage::kChannel ? handshake_wants_write_ : !output_.empty();
  const std::uint32_t wanted = EPOLLIN | (wants_write ? EPOLLOUT : 0U);
  if (wanted == events_) return;
  events_ = wanted;
  loop_.change(socket_.get(), wanted);
}

}  // namespace base_net
