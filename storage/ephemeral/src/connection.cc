#include "connection.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace storage_ephemeral {
namespace {

// So much is read, or written, before other connections have their turn.
constexpr std::size_t kBytesAtOnceMax = 8 << 20;
// Twice the longest frame: what is left of one is seldom moved. Pages that are not used cost
// nothing.
constexpr std::size_t kInputBytes = 2 * (kFrameBytesMax + kFrameHeaderBytes);
constexpr std::size_t kFirstInputBytes = 2 * (kFirstFramesBytesMax + kFrameHeaderBytes);

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
  grow_input(kFirstInputBytes);
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
  HelloFrame hello{.nonce = random_nonce()};
  if (settings_.side == Side::kCaller) {
    hello.name = settings_.self;
    greeting_.caller_nonce = hello.nonce;
    greeting_.caller = settings_.self;
    greeting_.answerer = settings_.peer;
  } else {
    greeting_.answerer_nonce = hello.nonce;
    greeting_.answerer = settings_.self;
  }
  send(encode(Frame(std::move(hello))));
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
    const auto bytes = first_frame(
        unread, stage_ == Stage::kReady ? kFrameBytesMax : std::size_t{kFirstFramesBytesMax});
    if (!bytes.ok()) return fail(bytes.error().message);
    if (bytes->empty()) return;
    const auto frame = decode_frame(*bytes);
    if (!frame.ok()) return fail(frame.error().message);
    input_used_ += kFrameHeaderBytes + bytes->size();
    stage_ == Stage::kReady ? user_->received(*frame) : introduce(*frame);
  }
}

void Connection::introduce(const Frame& frame) {
  const auto* hello = std::get_if<HelloFrame>(&frame);
  const auto* proof = std::get_if<ProofFrame>(&frame);
  if (stage_ == Stage::kHello && hello != nullptr) return hear_hello(*hello);
  if (stage_ == Stage::kProof && proof != nullptr) return hear_proof(*proof);
  fail("it does not say who it is");
}

void Connection::hear_hello(const HelloFrame& hello) {
  if (hello.version != kProtocolVersion) return fail("it speaks another version");
  if (settings_.side == Side::kCaller) {
    greeting_.answerer_nonce = hello.nonce;
  } else {
    greeting_.caller_nonce = hello.nonce;
    greeting_.caller = hello.name;
    settings_.peer = hello.name;
    greet();
  }
  if (identity_->tls() != nullptr) {
    if (channel_->peer_name() != settings_.peer) return fail("its certificate names another node");
    return introduced();
  }
  stage_ = Stage::kProof;
  // The caller goes first: who answers proves nothing to strangers.
  if (settings_.side == Side::kCaller) {
    send(encode(Frame(ProofFrame{identity_->proof(greeting_, Side::kCaller)})));
  }
}

void Connection::hear_proof(const ProofFrame& proof) {
  const Side other = settings_.side == Side::kCaller ? Side::kAnswerer : Side::kCaller;
  if (!identity_->proves(greeting_, other, proof.proof)) return fail("it has another key");
  if (settings_.side == Side::kAnswerer) {
    send(encode(Frame(ProofFrame{identity_->proof(greeting_, Side::kAnswerer)})));
  }
  if (open()) introduced();
}

void Connection::introduced() {
  stage_ = Stage::kReady;
  loop_.cancel(deadline_);
  grow_input(kInputBytes);
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

}  // namespace storage_ephemeral
