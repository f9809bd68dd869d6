#include "invoker_server/http.h"

#include <algorithm>

namespace invoker_server {
namespace {

const std::string* find_header(const std::vector<Field>& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (same_header(key, name)) return &value;
  }
  return nullptr;
}

}  // namespace

bool same_header(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::ranges::equal(a, b, {}, lower, lower);
}

const std::string* Request::header(std::string_view name) const {
  return find_header(headers, name);
}

std::string_view Request::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view Request::query() const {
  const std::size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

const std::string* Response::header(std::string_view name) const {
  return find_header(headers, name);
}

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this != &other) {
    Responder dropped(std::exchange(sink_, std::exchange(other.sink_, nullptr)));
  }
  return *this;
}

Responder::~Responder() {
  if (!sink_) return;
  send(Response{
      500, {{"Content-Type", "text/plain; charset=UTF-8"}}, "There was an internal server error."});
}

void Responder::send(Response response) {
  if (!sink_) return;
  const Sink sink = std::exchange(sink_, nullptr);
  sink(std::move(response));
}

}  // namespace invoker_server
