#include "fetch_task.h"

#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

namespace storage_ephemeral {
namespace {

// A stream that was silent for so many heartbeats is dead.
constexpr int kSilentHeartbeatsMax = 3;
// A file that is written to in place while it is sent is sent again when it is sealed; more often
// than that its bytes are simply wrong.
constexpr std::uint32_t kRestartsMax = 3;

base::Status write_all(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return base::error_from_errno(errno, "storing a copy of an ephemeral file");
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

base::Status resize(int fd, std::uint64_t size) {
  if (::ftruncate(fd, static_cast<off_t>(size)) == 0) return {};
  return base::error_from_errno(errno, "sizing a copy of an ephemeral file");
}

}  // namespace

FetchTask::FetchTask(Context& context, ConnectionPool& pool, std::weak_ptr<FetchSink> sink,
                     FetchId fetch, FetchFor purpose, SharedFd to)
    : context_(context),
      pool_(pool),
      sink_(std::move(sink)),
      fetch_(std::move(fetch)),
      purpose_(purpose),
      to_(std::move(to)) {}

void FetchTask::start() {
  if (over_) return;
  plan_.emplace(std::chrono::steady_clock::now(), context_.settings.patience);
  step();
}

void FetchTask::cancel() {
  if (std::exchange(over_, true)) return;
  context_.loop.cancel(timer_);
  leave(false);
}

// The connection goes back to the pool; `usable` when nothing more is due on it.
void FetchTask::leave(bool usable) {
  asked_ = false;
  if (connection_ == nullptr) return;
  pool_.give_back(peer_, std::exchange(connection_, nullptr), usable);
}

template <typename Tell>
void FetchTask::end(bool usable, Tell tell) {
  const auto keep = shared_from_this();
  if (std::exchange(over_, true)) return;
  context_.loop.cancel(timer_);
  leave(usable);
  if (const auto sink = sink_.lock()) tell(*sink);
}

void FetchTask::step() {
  const auto sink = sink_.lock();
  if (over_ || sink == nullptr) return;
  const FetchStep step = plan_->next(std::chrono::steady_clock::now(), sink->sources(fetch_));
  switch (step.kind) {
    case FetchStep::Kind::kAsk:
      peer_ = step.node;
      wanted_ = std::chrono::steady_clock::now();
      return pool_.acquire(peer_, shared_from_this());
    case FetchStep::Kind::kWait:
      timer_ = context_.loop.at(step.when, [self = weak_from_this()] {
        if (const auto task = self.lock()) task->step();
      });
      return;
    case FetchStep::Kind::kGiveUp:
      return end(false, [this](FetchSink& told) { told.lost(fetch_); });
  }
}

void FetchTask::connected(std::shared_ptr<Connection> connection) {
  connection_ = std::move(connection);
  if (over_) return leave(false);
  plan_->held_up(std::chrono::steady_clock::now() - wanted_);
}

void FetchTask::ready(const NodeName&) {
  if (over_) return;
  asked_ = true;
  heard_ = std::chrono::steady_clock::now();
  if (sum_->size() > 0) ++context_.counters.resumed;
  watch_silence();
  connection_->send(
      encode(Frame(FetchFrame{.file = fetch_.file, .offset = sum_->size(), .purpose = purpose_})));
}

void FetchTask::watch_silence() {
  context_.loop.cancel(timer_);
  const auto silence = context_.settings.heartbeat * kSilentHeartbeatsMax;
  timer_ = context_.loop.at(heard_ + silence, [self = weak_from_this(), silence] {
    const auto task = self.lock();
    if (task == nullptr || task->over_ || !task->asked_) return;
    if (std::chrono::steady_clock::now() - task->heard_ < silence) return task->watch_silence();
    task->broken();
  });
}

void FetchTask::closed(const std::string& why) {
  if (over_) return;
  context_.log.debug("ephemeral", "a node that was asked for a file went away",
                     {{"node", peer_}, {"why", why}});
  broken();
}

void FetchTask::broken() {
  const auto keep = shared_from_this();
  context_.loop.cancel(timer_);
  leave(false);
  plan_->lost(peer_, std::chrono::steady_clock::now());
  step();
}

void FetchTask::received(const Frame& frame) {
  const auto keep = shared_from_this();
  if (over_) return;
  heard_ = std::chrono::steady_clock::now();
  plan_->progressed(peer_, heard_);
  if (const auto* data = std::get_if<DataFrame>(&frame)) return take(*data);
  if (const auto* hole = std::get_if<HoleFrame>(&frame)) return take(*hole);
  if (const auto* told = std::get_if<EndFrame>(&frame)) return take(*told);
  if (const auto* final = std::get_if<FinalFrame>(&frame)) return take(*final);
  if (std::holds_alternative<AliveFrame>(frame)) return;
  if (const auto* poison = std::get_if<PoisonedFrame>(&frame)) {
    return end(true, [this, poison](FetchSink& sink) { sink.poisoned(fetch_, poison->reason); });
  }
  if (!std::holds_alternative<UnknownFrame>(frame)) return broken();
  plan_->refused(peer_);
  leave(true);
  step();
}

bool FetchTask::wrong_place(std::uint64_t offset) {
  if (offset == sum_->size() && !told_end_) return false;
  broken();
  return true;
}

void FetchTask::take(const DataFrame& data) {
  if (wrong_place(data.offset)) return;
  if (frame_checksum(data.bytes) != data.checksum) return broken();
  if (const auto stored = write_all(to_->get(), data.bytes, data.offset); !stored.ok()) {
    return end(false, [&](FetchSink& sink) { sink.failed(fetch_, stored.error()); });
  }
  context_.counters.bytes_received += data.bytes.size();
  sum_->frame(data.bytes, data.checksum);
  advance();
}

void FetchTask::take(const HoleFrame& hole) {
  if (wrong_place(hole.offset)) return;
  if (const auto sized = resize(to_->get(), hole.offset + hole.length); !sized.ok()) {
    return end(false, [&](FetchSink& sink) { sink.failed(fetch_, sized.error()); });
  }
  sum_->zeros(hole.length);
  advance();
}

void FetchTask::advance() {
  if (const auto sink = sink_.lock()) sink->advanced(fetch_, sum_->size());
}

void FetchTask::take(const EndFrame& told) {
  if (told.size > sum_->size()) return broken();
  told_end_ = told.size;
  // More than that was sent: the writer has cut the file. What counts is what the checksum says.
  if (told.size < sum_->size()) return;
  if (const auto sink = sink_.lock()) sink->ended(fetch_, told.size);
}

void FetchTask::take(const FinalFrame& final) {
  if (final.size != sum_->size() || final.checksum != sum_->value()) return restart();
  end(true, [&](FetchSink& sink) { sink.finished(fetch_, final.size, final.checksum); });
}

// What came is not what was sealed: it was written over while it was sent.
void FetchTask::restart() {
  told_end_.reset();
  if (++restarts_ > kRestartsMax) {
    return end(true, [this](FetchSink& sink) { sink.lost(fetch_); });
  }
  sum_ = std::make_unique<ContentChecksum>();
  if (const auto sized = resize(to_->get(), 0); !sized.ok()) {
    return end(true, [&](FetchSink& sink) { sink.failed(fetch_, sized.error()); });
  }
  advance();
  leave(true);
  step();
}

}  // namespace storage_ephemeral
