#include "connection.h"

#include <utility>

namespace gpu_session {

base::Result<Connection::Request> Connection::next() {
  if (aside_.empty()) {
    TRY(const auto frame, reader_.next());
    return Request{frame.header, frame.payload, frame.tail_left};
  }
  Aside first = std::move(aside_.front());
  aside_.pop_front();
  aside_bytes_ -= first.payload.size();
  current_ = std::move(first.payload);
  return Request{.header = first.header, .payload = current_};
}

// What was set aside is not executed yet: it is bounded by the window because it is not credited.
base::Status Connection::credit() {
  const std::uint64_t executed = reader_.consumed_bytes() - aside_bytes_;
  if (!aside_.empty() || executed - credited_ < credit_step_) return {};
  credited_ = executed;
  return say(gpu_wire::Credit{.executed_bytes = executed});
}

base::Status Connection::set_aside(std::chrono::milliseconds time,
                                   const std::function<bool(const Request&)>& takes) {
  if (!reader_.has_buffered() && !transport_.readable(time)) return {};
  // A client that keeps to its window never comes near this.
  if (aside_bytes_ > kCreditSteps * credit_step_)
    return base::Error{base::ErrorCode::kDataLoss, "a client beyond its window"};
  TRY(const auto frame, reader_.next());
  if (takes({frame.header, frame.payload, frame.tail_left})) return reader_.skip_tail();
  Aside aside{.header = frame.header, .payload = {frame.payload.begin(), frame.payload.end()}};
  const std::size_t begun = aside.payload.size();
  aside.payload.resize(begun + frame.tail_left);
  TRY_STATUS(reader_.read_tail(std::span(aside.payload).subspan(begun)));
  aside_bytes_ += aside.payload.size();
  aside_.push_back(std::move(aside));
  return {};
}

}  // namespace gpu_session
