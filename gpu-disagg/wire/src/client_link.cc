#include "gpu_wire/client_link.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace gpu_wire {
namespace {

// A batch that still grows is sent after so many ticks all the same.
constexpr int kTicksMax = 10;

base::Error malformed(std::string_view what) {
  return {base::ErrorCode::kDataLoss, "the session sent a malformed " + std::string(what)};
}

}  // namespace

base::Result<std::unique_ptr<ClientLink>> ClientLink::open(const Endpoint& endpoint,
                                                           const Options& options, Events& events) {
  TRY(auto transport, connect(endpoint, options.connect_time));
  return open(std::move(transport), options, events);
}

base::Result<std::unique_ptr<ClientLink>> ClientLink::open(std::unique_ptr<Transport> transport,
                                                           const Options& options, Events& events) {
  std::unique_ptr<ClientLink> link(new ClientLink(std::move(transport), events));
  TRY_STATUS(link->greet(options));
  return link;
}

ClientLink::ClientLink(std::unique_ptr<Transport> transport, Events& events)
    : transport_(std::move(transport)),
      events_(events),
      reader_(*transport_, kMessageBytesMax),
      flusher_([this] { return flush_if_quiet(); }) {
  batch_.reserve(kFlushBytes + kRequestBytesMax);
}

ClientLink::~ClientLink() {
  if (!lost()) {
    post(Goodbye{});
    flush();
  }
  close();
}

base::Status ClientLink::greet(const Options& options) {
  const Hello hello{.protocol = kProtocolVersion,
                    .schema = kSchemaHash,
                    .pid = static_cast<std::uint32_t>(::getpid()),
                    .token = options.token,
                    .host = options.host};
  std::vector<std::byte> frame;
  append_frame(frame, 0, hello);
  TRY_STATUS(transport_->send(frame, {}));
  sent_ += frame.size();
  if (!transport_->readable(options.connect_time))
    return base::Error{base::ErrorCode::kUnavailable, "the session does not answer"};
  TRY(const auto reply, reader_.next());
  HelloReply answer;
  ReplyHead head;
  Reader in(reply.payload);
  if (reply.header.opcode != (Hello::kOpcode | kReplyBit) || !head.decode(in) || !answer.decode(in))
    return malformed("welcome");
  if (answer.refusal != 0)
    return base::Error{base::ErrorCode::kPermissionDenied, std::string(answer.reason)};
  welcome_bytes_.assign(answer.welcome.begin(), answer.welcome.end());
  Reader welcome(welcome_bytes_);
  if (!welcome_.decode(welcome)) return malformed("welcome");
  window_ = std::max<std::uint64_t>(welcome_.window_bytes, window_);
  return {};
}

void ClientLink::expect(Waiter& waiter) {
  const std::lock_guard lock(receive_mutex_);
  waiters_.push_back(&waiter);
}

std::vector<std::byte> ClientLink::await(Waiter& waiter) {
  read_until([&] { return waiter.done; });
  const std::lock_guard lock(receive_mutex_);
  std::erase(waiters_, &waiter);
  return std::move(waiter.payload);
}

void ClientLink::flush() {
  const std::lock_guard lock(send_mutex_);
  if (!batch_.empty()) flush_locked({});
}

void ClientLink::flush_locked(std::span<const std::byte> tail) {
  quiet_ticks_ = 0;
  const std::uint64_t bytes = batch_.size() + tail.size();
  wait_for_window(bytes);
  if (!lost() && !transport_->send(batch_, tail).ok()) lose();
  sent_ += bytes;
  ++counters_.flushes;
  counters_.bytes_out += bytes;
  batch_.clear();
}

void ClientLink::wait_for_window(std::uint64_t bytes) {
  const auto fits = [&] { return sent_ + bytes <= executed_.load() + window_; };
  if (!fits()) read_until(fits);
}

bool ClientLink::flush_if_quiet() {
  const std::unique_lock lock(send_mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return true;
  if (batch_.empty()) return false;
  const bool grows = std::exchange(quiet_sequence_, sequence_) != sequence_;
  if (!grows || ++quiet_ticks_ >= kTicksMax) flush_locked({});
  return true;
}

// Waits until `done`, which is asked under the lock. One thread reads; the others wait for what it
// finds.
template <typename Done>
void ClientLink::read_until(const Done& done) {
  std::unique_lock lock(receive_mutex_);
  while (!done() && !lost()) {
    if (reading_) {
      ++followers_;
      received_.wait(lock);
      --followers_;
      continue;
    }
    reading_ = true;
    lock.unlock();
    const base::Status received = receive_one();
    lock.lock();
    reading_ = false;
    if (!received.ok()) {
      lost_ = true;
      transport_->close();
    }
    if (followers_ > 0) received_.notify_all();
  }
}

base::Status ClientLink::receive_one() {
  TRY(const auto frame, reader_.next());
  return handle(frame);
}

base::Status ClientLink::handle(const FrameReader::Frame& frame) {
  const std::uint16_t opcode = frame.header.opcode;
  if ((opcode & kReplyBit) != 0) return handle_reply(frame);
  Reader in(frame.payload);
  if (opcode == Data::kOpcode) return handle_data(frame);
  if (opcode == Credit::kOpcode) {
    Credit credit;
    if (!credit.decode(in)) return malformed("credit");
    executed_.store(credit.executed_bytes);
    return {};
  }
  if (opcode == HostCall::kOpcode) {
    HostCall call;
    if (!call.decode(in)) return malformed("host call");
    events_.host_call(call.function);
    return {};
  }
  if (opcode != Print::kOpcode || frame.tail_left > 0) return malformed("event");
  events_.print({reinterpret_cast<const char*>(frame.payload.data()), frame.payload.size()});
  return {};
}

base::Status ClientLink::handle_reply(const FrameReader::Frame& frame) {
  const std::lock_guard lock(receive_mutex_);
  for (Waiter* waiter : waiters_) {
    if (waiter->sequence != frame.header.sequence || waiter->done) continue;
    waiter->payload.assign(frame.payload.begin(), frame.payload.end());
    waiter->done = true;
    return {};
  }
  return malformed("reply that nobody waits for");
}

base::Status ClientLink::handle_data(const FrameReader::Frame& frame) {
  Data data;
  Reader in(frame.payload);
  if (!data.decode(in)) return malformed("piece of data");
  std::span<std::byte> place;
  {
    const std::lock_guard lock(receive_mutex_);
    const auto found = std::ranges::find(landings_, data.landing, &Landing::number);
    if (found == landings_.end()) return malformed("piece of data that nobody waits for");
    place = found->place;
    if (data.last != 0) landings_.erase(found);
  }
  const std::size_t bytes = data.bytes.size() + frame.tail_left;
  if (data.offset > place.size() || bytes > place.size() - data.offset)
    return malformed("piece of data that is too long");
  place = place.subspan(data.offset, bytes);
  put_raw(place.data(), data.bytes);
  return reader_.read_tail(place.subspan(data.bytes.size()));
}

std::uint64_t ClientLink::add_landing(std::span<std::byte> place) {
  const std::lock_guard lock(receive_mutex_);
  landings_.push_back({++last_landing_, place});
  return last_landing_;
}

void ClientLink::remove_landing(std::uint64_t landing) {
  const std::lock_guard lock(receive_mutex_);
  std::erase_if(landings_, [&](const Landing& each) { return each.number == landing; });
}

void ClientLink::listen_always() {
  const std::lock_guard lock(send_mutex_);
  if (listener_.joinable()) return;
  listener_ = std::jthread([this] { read_until([] { return false; }); });
}

void ClientLink::lose() {
  const std::lock_guard lock(receive_mutex_);
  lost_ = true;
  transport_->close();
  received_.notify_all();
}

void ClientLink::close() { lose(); }

ClientLink::Counters ClientLink::counters() const {
  const std::lock_guard lock(send_mutex_);
  return counters_;
}

}  // namespace gpu_wire
