#include "database.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/text.h"

namespace invoker_couchdb {
namespace {

// An action of 48 MB, the most that OpenWhisk takes, is 64 MB as base64 in its document.
constexpr std::int64_t kAnswerBytesMax = 96LL << 20;
constexpr std::size_t kDescribedBytes = 200;

invoker_http::HttpTarget target_of(const CouchSettings& settings) {
  const bool is_v6 = settings.host.find(':') != std::string::npos;
  const std::string host = is_v6 ? "[" + settings.host + "]" : settings.host;
  return {.root = settings.protocol + "://" + host + ":" + std::to_string(settings.port),
          .username = settings.username,
          .password = settings.password,
          .connections_max = settings.connections_max,
          .connect_timeout = settings.connect_timeout};
}

bool stays(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '*' || c == '_';
}

// "12-0123abcd". It comes in a message, and what is none is not to become a line of the request:
// the latest document is what CouchDB answers with in any case.
bool is_revision(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) || c == '-'; });
}

}  // namespace

// A blank as %20, where OpenWhisk writes '+': CouchDB takes '+' for a blank by its configuration
// only, %20 always.
std::string encode_segment(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size() + 16);
  for (const char c : text) {
    if (stays(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kHex[byte >> 4];
    encoded += kHex[byte & 0xF];
  }
  return encoded;
}

std::string describe(std::string_view what, const invoker_http::HttpAnswer& answer) {
  std::string text(what);
  text += ": the database answered " + std::to_string(answer.status) + " ";
  base::append_one_line(text,
                        base::trimmed(std::string_view(answer.body).substr(0, kDescribedBytes)));
  return text;
}

Database::Database(const CouchSettings& settings, const std::string& name,
                   const std::atomic<bool>& cancelled)
    : root_("/" + encode_segment(name) + "/"),
      timeout_(settings.request_timeout),
      cancelled_(cancelled),
      client_(target_of(settings)) {}

base::Result<invoker_http::HttpAnswer> Database::get(const std::string& path,
                                                     const std::optional<std::string>& revision) {
  invoker_http::HttpRequest request{.path = root_ + path,
                                    .headers = {"Accept: application/json"},
                                    .body = {},
                                    .answer_bytes_max = kAnswerBytesMax};
  if (revision && is_revision(*revision))
    request.headers.push_back("If-Match: \"" + *revision + "\"");
  return client_.send(request, timeout_, &cancelled_);
}

base::Result<invoker_http::HttpAnswer> Database::post(const std::string& path, std::string body) {
  const invoker_http::HttpRequest request{
      .method = "POST",
      .path = root_ + path,
      .headers = {"Accept: application/json", "Content-Type: application/json"},
      .body = std::move(body),
      .answer_bytes_max = kAnswerBytesMax};
  return client_.send(request, timeout_, &cancelled_);
}

}  // namespace invoker_couchdb
