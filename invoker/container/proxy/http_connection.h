// One HTTP/1.1 connection of the invoker, as bytes in and requests out.
#pragma once

#include <http_parser.h>

#include <optional>
#include <string>
#include <string_view>

namespace proxy {

// What is over this is refused with 413: code of 48 MB with all its escapes fits.
inline constexpr std::size_t kBodyBytesMax = std::size_t{128} << 20;

struct Request {
  std::string method;
  std::string path;
  std::string body;
  bool keep_alive = true;
};

class HttpParser {
 public:
  HttpParser();

  // Takes the next bytes. False when they are no HTTP: answer refusal() and close.
  bool feed(std::string_view bytes);
  // A request that has come completely. Bytes behind it wait for the next call.
  std::optional<Request> take();

  int refusal() const { return refusal_; }  // a status: 400 or 413

 private:
  static int on_url(http_parser* parser, const char* at, std::size_t length);
  static int on_body(http_parser* parser, const char* at, std::size_t length);
  static int on_headers(http_parser* parser);
  static int on_complete(http_parser* parser);
  bool parse(std::string_view bytes);

  http_parser parser_;
  Request request_;
  std::string waiting_;  // bytes behind a complete request
  bool complete_ = false;
  int refusal_ = 400;
};

// Status line, headers and body of a JSON answer.
std::string format_head(int status, std::size_t body_bytes, bool keep_alive);

}  // namespace proxy
