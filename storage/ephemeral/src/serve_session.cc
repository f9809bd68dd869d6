#include "serve_session.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "checksum.h"

namespace storage_ephemeral {
namespace {

// A peer that takes nothing of what is due to it for so long is let go.
constexpr std::chrono::seconds kStuckMax{30};

struct Extent {
  std::uint64_t hole = 0;  // before the data
  std::uint64_t data = 0;
};

// What is at `offset`, within `length` bytes. A disk that knows no holes has data everywhere.
Extent extent_at(int fd, std::uint64_t offset, std::uint64_t length) {
  const off_t data = ::lseek(fd, static_cast<off_t>(offset), SEEK_DATA);
  if (data < 0) return errno == ENXIO ? Extent{.hole = length} : Extent{.data = length};
  const std::uint64_t hole = std::min(length, static_cast<std::uint64_t>(data) - offset);
  return {.hole = hole, .data = length - hole};
}

}  // namespace

ServeSession::ServeSession(Context& context, Find find, std::function<void(ServeSession*)> over)
    : context_(context), find_(std::move(find)), over_(std::move(over)) {}

void ServeSession::start(base::UniqueFd socket) {
  const ConnectionSettings settings{.protocol = transfer_protocol(),
                                    .side = Side::kAnswerer,
                                    .self = context_.settings.name,
                                    .peer = {}};
  connection_ = std::make_shared<Connection>(context_.loop, std::move(socket), context_.identity,
                                             settings, *this);
  connection_->start();
}

void ServeSession::stop() {
  context_.loop.cancel(heartbeat_);
  leave();
  if (connection_ != nullptr) connection_->close();
}

void ServeSession::ready(const NodeName& peer) {
  peer_ = peer;
  introduced_ = true;
  moved_ = std::chrono::steady_clock::now();
  beat();
}

void ServeSession::closed(const std::string& why) {
  if (!introduced_) {
    ++context_.counters.peers_refused;
    context_.log.info("ephemeral", "somebody who called was refused", {{"why", why}});
  }
  hang_up();
}

void ServeSession::hang_up() {
  const auto keep = shared_from_this();
  stop();
  over_(this);
}

void ServeSession::leave() {
  if (!serving_) return;
  serving_->source->close_stream(serving_->asked.file, serving_->stream.id);
  serving_.reset();
}

void ServeSession::beat() {
  heartbeat_ = context_.loop.after(context_.settings.heartbeat, [self = weak_from_this()] {
    const auto session = self.lock();
    if (session == nullptr) return;
    const bool stuck = !session->connection_->idle() &&
                       std::chrono::steady_clock::now() - session->moved_ > kStuckMax;
    if (stuck) return session->hang_up();
    const bool talking = session->serving_ || session->keeping_;
    if (talking && session->connection_->idle()) session->connection_->send(encode(AliveFrame{}));
    if (session->connection_->open()) session->beat();
  });
}

void ServeSession::received(const Frame& frame) {
  const auto keep_alive = shared_from_this();
  const auto* asked = std::get_if<FetchFrame>(&frame);
  const auto* wanted = std::get_if<KeepFrame>(&frame);
  // One question at a time; anything else is no conversation.
  if (serving_ || keeping_ || (asked == nullptr && wanted == nullptr)) return hang_up();
  asked != nullptr ? fetch(*asked) : keep(*wanted);
}

void ServeSession::fetch(const FetchFrame& asked) {
  auto source = find_(asked.file.volume);
  // Not now is not never: a node that starts has not looked at its files yet.
  if (source == nullptr) return hang_up();
  auto stream = source->open_stream(asked.file, [self = weak_from_this()] {
    if (const auto session = self.lock()) session->pump();
  });
  if (!stream.ok()) return connection_->send(encode(UnknownFrame{}));
  serving_ = {.source = std::move(source),
              .asked = asked,
              .stream = std::move(*stream),
              .offset = asked.offset};
  pump();
}

void ServeSession::keep(const KeepFrame& asked) {
  const auto source = find_(asked.file.volume);
  if (source == nullptr) return connection_->send(encode(KeptFrame{.kept = false}));
  keeping_ = true;
  source->keep(asked.file, peer_, [self = weak_from_this()](bool kept) {
    const auto session = self.lock();
    if (session == nullptr || !session->connection_->open()) return;
    session->keeping_ = false;
    session->connection_->send(encode(KeptFrame{.kept = kept}));
  });
}

void ServeSession::drained() {
  moved_ = std::chrono::steady_clock::now();
  pump();
}

// Sends what there is, a frame at a time: the next when the last is on its way.
void ServeSession::pump() {
  const auto keep_alive = shared_from_this();
  if (!serving_ || !connection_->open() || !connection_->idle()) return;
  const SourceView view =
      serving_->source->look(serving_->asked.file, serving_->stream.id, serving_->asked.purpose);
  if (view.state == FileState::kPoisoned) return finish(PoisonedFrame{view.reason});
  if (!serving_->told_end && serving_->offset < view.available) return send_some(view);
  if (view.end) tell_end(view);
}

void ServeSession::send_some(const SourceView& view) {
  const Extent extent =
      extent_at(serving_->stream.file->get(), serving_->offset, view.available - serving_->offset);
  // The hole at the end of a file that grows may become data: only what data follows is sure. But
  // readers must not wait for that, so it is sent; if it was wrong the checksum tells.
  if (extent.hole > 0) {
    const HoleFrame hole{.offset = serving_->offset, .length = extent.hole};
    serving_->offset += extent.hole;
    return connection_->send(encode(hole));
  }
  // Frames end at whole blocks, so that a block is hashed by one.
  const std::uint64_t block = kDataBytesMax - serving_->offset % kDataBytesMax;
  send_bytes(std::min(extent.data, block));
}

void ServeSession::send_bytes(std::uint64_t length) {
  if (buffer_ == nullptr) {
    buffer_ = std::make_unique_for_overwrite<char[]>(kDataHeaderBytes + kDataBytesMax);
  }
  char* const bytes = buffer_.get() + kDataHeaderBytes;
  const ssize_t got =
      ::pread(serving_->stream.file->get(), bytes, length, static_cast<off_t>(serving_->offset));
  if (got < 0) return hang_up();
  if (got == 0) return;  // it was cut meanwhile; its growth or its seal will tell
  const auto count = static_cast<std::size_t>(got);
  const std::string header =
      encode_data_header(serving_->offset, frame_checksum({bytes, count}), count);
  std::ranges::copy(header, buffer_.get());
  serving_->offset += count;
  context_.counters.bytes_sent += count;
  connection_->send_borrowed({buffer_.get(), kDataHeaderBytes + count});
}

void ServeSession::tell_end(const SourceView& view) {
  if (!std::exchange(serving_->told_end, true)) {
    connection_->send(encode(EndFrame{*view.end}));
    if (!connection_->open() || !serving_ || !connection_->idle()) return;
  }
  if (view.checksum) finish(FinalFrame{.size = *view.end, .checksum = *view.checksum});
}

void ServeSession::finish(const Frame& last) {
  leave();
  connection_->send(encode(last));
}

}  // namespace storage_ephemeral
