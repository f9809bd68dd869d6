#include "framing.h"

#include <algorithm>

namespace invoker_server {
namespace {

// "Content-Length : 5" is a header to some and none to others.
bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c <= '~' &&
           std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
  });
}

// A bare CR, say, ends a line for some.
bool is_value(std::string_view text) {
  return std::ranges::none_of(text,
                              [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 127; });
}

// libmicrohttpd 0.9.75 joins a line that goes on in the next one to the header's name: of
// "Content-Length:\r\n 5" it makes the header "Content-Length5".
bool is_folded(std::string_view name) {
  for (const std::string_view known : {"Content-Length", "Transfer-Encoding"}) {
    if (name.size() > known.size() && same_header(name.substr(0, known.size()), known)) return true;
  }
  return false;
}

}  // namespace

std::string framing_fault(std::string_view version, const std::vector<Field>& headers) {
  int hosts = 0;
  int lengths = 0;
  int encodings = 0;
  std::string_view encoding;
  for (const auto& [key, value] : headers) {
    if (!is_name(key) || is_folded(key)) return "The request has a header whose name is not one.";
    if (!is_value(value)) return "The request has a control character in a header.";
    if (same_header(key, "Host")) ++hosts;
    if (same_header(key, "Content-Length")) ++lengths;
    if (!same_header(key, "Transfer-Encoding")) continue;
    ++encodings;
    encoding = value;
  }
  const bool is_old = version == "HTTP/1.0";
  if (lengths > 0 && encodings > 0) {
    return "The request has both a Content-Length and a Transfer-Encoding.";
  }
  // Two equal ones as well: nobody sends them without something being wrong.
  if (lengths > 1) return "The request has more than one Content-Length.";
  if (encodings > 1 || (encodings == 1 && !same_header(encoding, "chunked"))) {
    return "The only Transfer-Encoding that is understood is chunked.";
  }
  if (encodings > 0 && is_old) return "HTTP/1.0 has no Transfer-Encoding.";
  if (hosts > 1 || (hosts == 0 && !is_old)) return "The request must have one header Host.";
  return "";
}

}  // namespace invoker_server
