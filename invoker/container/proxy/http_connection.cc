#include "http_connection.h"

#include <algorithm>
#include <climits>

namespace proxy {
namespace {

constexpr std::size_t kReserveMax = 1 << 20;  // an announced length is not yet a body
constexpr std::size_t kUrlLengthMax = 1024;

HttpParser& self(http_parser* parser) { return *static_cast<HttpParser*>(parser->data); }

const char* reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Payload Too Large";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    default:
      return "Bad Request";
  }
}

}  // namespace

HttpParser::HttpParser() {
  http_parser_init(&parser_, HTTP_REQUEST);
  parser_.data = this;
}

int HttpParser::on_url(http_parser* parser, const char* at, std::size_t length) {
  Request& request = self(parser).request_;
  if (request.path.size() + length > kUrlLengthMax) return 1;
  request.path.append(at, length);
  return 0;
}

int HttpParser::on_headers(http_parser* parser) {
  HttpParser& connection = self(parser);
  const std::uint64_t length = parser->content_length;
  if (length == ULLONG_MAX) return 0;  // not announced
  if (length > kBodyBytesMax) {
    connection.refusal_ = 413;
    return -1;
  }
  connection.request_.body.reserve(std::min<std::size_t>(length, kReserveMax));
  return 0;
}

int HttpParser::on_body(http_parser* parser, const char* at, std::size_t length) {
  HttpParser& connection = self(parser);
  if (connection.request_.body.size() + length > kBodyBytesMax) {
    connection.refusal_ = 413;
    return 1;
  }
  connection.request_.body.append(at, length);
  return 0;
}

int HttpParser::on_complete(http_parser* parser) {
  HttpParser& connection = self(parser);
  connection.complete_ = true;
  connection.request_.method = http_method_str(static_cast<http_method>(parser->method));
  connection.request_.keep_alive = http_should_keep_alive(parser) != 0;
  http_parser_pause(parser, 1);
  return 0;
}

bool HttpParser::parse(std::string_view bytes) {
  http_parser_settings settings;
  http_parser_settings_init(&settings);
  settings.on_url = &HttpParser::on_url;
  settings.on_headers_complete = &HttpParser::on_headers;
  settings.on_body = &HttpParser::on_body;
  settings.on_message_complete = &HttpParser::on_complete;
  const std::size_t used = http_parser_execute(&parser_, &settings, bytes.data(), bytes.size());
  if (complete_) {
    waiting_.assign(bytes.substr(used));
    return true;
  }
  return used == bytes.size() && HTTP_PARSER_ERRNO(&parser_) == HPE_OK && parser_.upgrade == 0;
}

bool HttpParser::feed(std::string_view bytes) {
  if (complete_) {
    if (waiting_.size() + bytes.size() > kReserveMax) return false;  // nobody pipelines that much
    waiting_.append(bytes);
    return true;
  }
  return parse(bytes);
}

std::optional<Request> HttpParser::take() {
  if (!complete_) return std::nullopt;
  Request request = std::move(request_);
  request_ = Request();
  complete_ = false;
  http_parser_pause(&parser_, 0);
  const std::string rest = std::move(waiting_);
  waiting_.clear();
  // The pause stopped the parser in front of the last byte's callback result; go on behind it.
  if (!rest.empty() && !parse(rest)) request.keep_alive = false;
  return request;
}

std::string format_head(int status, std::size_t body_bytes, bool keep_alive) {
  return "HTTP/1.1 " + std::to_string(status) + " " + reason(status) +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body_bytes) +
         (keep_alive ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n");
}

}  // namespace proxy
