#include "exchange.h"

#include <microhttpd.h>

#include <algorithm>
#include <charconv>

#include "framing.h"

namespace invoker_server {
namespace {

// Of a body that is too long, this much is read and thrown away so that the client gets to read the
// answer; beyond it the connection is cut.
constexpr std::size_t kThrownAwayBytesMax = 64u << 20;

MHD_Result add_header(void* list, MHD_ValueKind /*kind*/, const char* key, const char* value) {
  static_cast<std::vector<Field>*>(list)->emplace_back(key, value == nullptr ? "" : value);
  return MHD_YES;
}

std::size_t announced_bytes(const Request& request) {
  const std::string* text = request.header("Content-Length");
  std::size_t length = 0;
  if (text != nullptr) std::from_chars(text->data(), text->data() + text->size(), length);
  return length;
}

}  // namespace

bool WaitingExchanges::add(const std::shared_ptr<Exchange>& exchange) {
  const std::lock_guard lock(mutex_);
  if (!closed_) waiting_.insert(exchange);
  return !closed_;
}

void WaitingExchanges::remove(const std::shared_ptr<Exchange>& exchange) {
  const std::lock_guard lock(mutex_);
  waiting_.erase(exchange);
}

std::unordered_set<std::shared_ptr<Exchange>> WaitingExchanges::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  return std::exchange(waiting_, {});
}

Response Exchange::stopping() {
  return {503, {{"Content-Type", "text/plain; charset=UTF-8"}}, "The server is stopping."};
}

void Exchange::begin(MHD_Connection* connection, const char* method, const char* version,
                     WatchedConnection* watch, std::size_t body_bytes_max) {
  connection_ = connection;
  watch_ = watch;
  body_bytes_max_ = body_bytes_max;
  request_.method = method;
  request_.headers.reserve(8);
  MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, &request_.headers);
  request_.malformed = framing_fault(version, request_.headers);
  malformed_ = !request_.malformed.empty();
  // Memory is taken as the bytes come: what a client announces costs nothing.
  constexpr std::size_t kReservedBytesMax = 1u << 20;
  request_.body.reserve(std::min(announced_bytes(request_), kReservedBytesMax));
  watch_->enter(WatchedConnection::Phase::kBody);
}

bool Exchange::receive(const char* bytes, std::size_t count) {
  received_ += count;
  watch_->bytes.store(received_, std::memory_order_relaxed);
  if (received_ <= body_bytes_max_) {
    request_.body.append(bytes, count);
    return true;
  }
  request_.body_too_large = true;
  std::string().swap(request_.body);
  return received_ <= body_bytes_max_ + kThrownAwayBytesMax;
}

void Exchange::work(const HttpHandler& handler, WaitingExchanges& waiting) {
  worked_ = true;
  watch_->enter(WatchedConnection::Phase::kWorking);
  const std::shared_ptr<Exchange> self = shared_from_this();
  handler(std::move(request_),
          Responder([self](Response response) { self->answer(std::move(response)); }));
  const std::lock_guard lock(mutex_);
  if (answer_.has_value()) return;
  if (!waiting.add(self)) {
    answer_ = stopping();
    return;
  }
  waiting_ = &waiting;
  MHD_suspend_connection(connection_);
}

bool Exchange::refuse(const HttpHandler& handler) {
  worked_ = true;
  const std::shared_ptr<Exchange> self = shared_from_this();
  handler(std::move(request_),
          Responder([self](Response response) { self->answer(std::move(response)); }));
  {
    const std::lock_guard lock(mutex_);
    if (!answer_.has_value()) return false;
    answer_->headers.emplace_back("Connection", "close");
  }
  return send_answer();
}

void Exchange::answer(Response response) {
  // A server that stops may answer before the handler does: the first one counts.
  const std::lock_guard lock(mutex_);
  if (answer_.has_value()) return;
  answer_ = std::move(response);
  if (waiting_ == nullptr) return;
  waiting_->remove(shared_from_this());
  MHD_resume_connection(connection_);
}

bool Exchange::send_answer() {
  const std::lock_guard lock(mutex_);
  if (!answer_.has_value()) return true;
  Response& answer = *answer_;
  // The exchange outlives the answer's last byte, so nothing needs to be copied.
  MHD_Response* response = MHD_create_response_from_buffer(answer.body.size(), answer.body.data(),
                                                           MHD_RESPMEM_PERSISTENT);
  if (response == nullptr) return false;
  for (const auto& [key, value] : answer.headers) {
    MHD_add_response_header(response, key.c_str(), value.c_str());
  }
  watch_->enter(WatchedConnection::Phase::kAnswer, answer.body.size());
  const MHD_Result result =
      MHD_queue_response(connection_, static_cast<unsigned>(answer.status), response);
  MHD_destroy_response(response);
  return result == MHD_YES;
}

}  // namespace invoker_server
