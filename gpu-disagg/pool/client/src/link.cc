#include "link.h"

#include <algorithm>
#include <utility>

namespace gpu_pool_client {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{50};
constexpr milliseconds kPauseMax{2'000};

}  // namespace

Link::Link(base_net::EventLoop& loop, std::string self, DaemonAddress daemon,
           std::shared_ptr<const base_net::Identity> identity, const base::Logger& log)
    : loop_(loop),
      self_(std::move(self)),
      daemon_(std::move(daemon)),
      identity_(std::move(identity)),
      log_(log),
      pause_(kFirstPause) {}

void Link::connect() {
  auto socket = base_net::connect_to(daemon_.address);
  if (!socket.ok()) return connect_later(socket.error().message);
  base_net::use_without_delay(*socket);
  connection_ = std::make_shared<base_net::Connection>(
      loop_, std::move(*socket), identity_,
      base_net::ConnectionSettings{.protocol = gpu_pool::protocol(),
                                   .side = base_net::Side::kCaller,
                                   .self = self_,
                                   .peer = daemon_.node},
      *this);
  connection_->start();
}

void Link::connect_later(const std::string& why) {
  why_away_ = why;
  loop_.after(pause_, [this] { connect(); });
  pause_ = std::min(2 * pause_, kPauseMax);
}

void Link::stop() {
  if (connection_ != nullptr) connection_->close();
  for (auto& [ticket, promise] : waiting_) promise.set_value(Reply(away()));
  waiting_.clear();
}

void Link::ready(const std::string&) {
  ready_ = true;
  pause_ = kFirstPause;
  log_.info("Gpus", "a daemon is there", {{"node", daemon_.node}});
}

base::Error Link::away() const {
  return {base::ErrorCode::kUnavailable,
          "the GPU node " + daemon_.node + " cannot be reached: " + why_away_};
}

void Link::closed(const std::string& why) {
  if (std::exchange(ready_, false)) {
    log_.warn("Gpus", "a daemon is gone", {{"node", daemon_.node}, {"why", why}});
  }
  why_away_ = why;
  for (auto& [ticket, promise] : std::exchange(waiting_, {})) promise.set_value(Reply(away()));
  ended_.clear();
  connect_later(why);
}

std::future<Reply> Link::say(gpu_pool::Ticket ticket, gpu_pool::Message message) {
  std::promise<Reply> promise;
  auto reply = promise.get_future();
  // A function object must be copyable, a promise is not.
  auto shared = std::make_shared<std::promise<Reply>>(std::move(promise));
  const bool posted = loop_.post([this, ticket, shared, what = std::move(message)] {
    say_now(ticket, what, std::move(*shared));
  });
  if (!posted)
    shared->set_value(Reply(base::Error{base::ErrorCode::kUnavailable, "this is stopping"}));
  return reply;
}

void Link::say_now(gpu_pool::Ticket ticket, const gpu_pool::Message& message,
                   std::promise<Reply> promise) {
  if (!ready_) return promise.set_value(Reply(away()));
  if (std::holds_alternative<gpu_pool::Release>(message)) {
    if (const auto ended = ended_.extract(ticket); !ended.empty()) {
      return promise.set_value(Reply(gpu_pool::Message(ended.mapped())));
    }
  }
  waiting_.insert_or_assign(ticket, std::move(promise));
  connection_->send(gpu_pool::encode(message));
}

base::Status Link::take_frame(std::string_view frame) {
  TRY(gpu_pool::Message message, gpu_pool::decode(frame));
  const auto ticket = std::visit([](const auto& one) { return one.ticket; }, message);
  if (auto waiting = waiting_.extract(ticket); !waiting.empty()) {
    waiting.mapped().set_value(Reply(std::move(message)));
  } else if (const auto* ended = std::get_if<gpu_pool::Ended>(&message)) {
    ended_.emplace(ticket, *ended);
  }
  return {};
}

}  // namespace gpu_pool_client
