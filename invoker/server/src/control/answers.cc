#include "answers.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "base/base64.h"
#include "base/check.h"
#include "base/json.h"

namespace invoker_server {
namespace {

using base::Json;

constexpr const char* kText = "text/plain; charset=UTF-8";
constexpr const char* kJson = "application/json";
constexpr const char* kPrometheus = "text/plain; version=0.0.4; charset=UTF-8";
constexpr std::string_view kSystemId = "sid_";  // OpenWhisk's own transactions; no client's

// 32 letters and digits.
std::string random_id() {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::array<unsigned char, 32> bytes{};
  CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  std::string id;
  for (const unsigned char byte : bytes) id += kDigits[byte % kDigits.size()];
  return id;
}

// It goes back in a header.
bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c >= ' ' && c != 0x7f; });
}

std::string transaction_id(const Request& request, const std::string& header) {
  const std::string* given = request.header(header);
  const bool usable =
      given != nullptr && !given->empty() && !given->starts_with(kSystemId) && is_printable(*given);
  return usable ? *given : random_id();
}

// In a time that does not tell how much of it is right.
bool same(std::string_view a, std::string_view b) {
  unsigned differences = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    differences |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return differences == 0;
}

bool is_authorized(const Request& request, const ControlOptions& options) {
  constexpr std::string_view kScheme = "Basic ";
  const std::string* header = request.header("Authorization");
  if (header == nullptr || header->size() < kScheme.size()) return false;
  const std::string_view text = *header;
  if (!same_header(text.substr(0, kScheme.size()), kScheme)) return false;
  const auto credentials = base::decode_base64(text.substr(kScheme.size()));
  return credentials && same(*credentials, options.username + ":" + options.password);
}

Response text(std::string body) { return {200, {{"Content-Type", kText}}, std::move(body)}; }

// As OpenWhisk's framework says it: in one line. Its own refusals are laid out for people.
Response failure(int status, const std::string& error, const std::string& id) {
  return {status,
          {{"Content-Type", kJson}},
          Json::object({{"error", error}, {"code", id}}).to_string()};
}

Response not_authorized(const std::string& id) {
  const Json body = Json::object(
      {{"error", "Authentication is possible but has failed or not yet been provided."},
       {"code", id}});
  return {401, {{"Content-Type", kJson}}, body.to_pretty_string()};
}

std::string format_time(base::WallTime time) {
  const std::int64_t ms = base::epoch_ms(time);
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char day[32];
  char all[48];
  std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(all, sizeof all, "%s.%03dZ", day, static_cast<int>(ms % 1000));
  return all;
}

Response readiness(const std::vector<Check>& checks) {
  Json list = Json::array();
  for (const Check& check : checks) {
    Json one = Json::object({{"name", check.name}, {"ok", check.ok}});
    if (!check.error.empty()) one.set("error", check.error);
    one.set("since", format_time(check.since));
    list.append(std::move(one));
  }
  const bool ready = std::ranges::all_of(checks, &Check::ok);
  const Json body = Json::object({{"ready", ready}, {"checks", std::move(list)}});
  return {ready ? 200 : 503, {{"Content-Type", kJson}}, body.to_string()};
}

Response switched(const ControlCallbacks& callbacks, bool changed, const std::string& state) {
  return text(callbacks.instance() + " is " + (changed ? "now " : "already ") + state + ".");
}

// The method that `path` wants; empty: there is no such path.
std::string_view method_of(std::string_view path) {
  if (path == "/ping" || path == "/metrics" || path == "/ready" || path == "/isEnabled") {
    return "GET";
  }
  return path == "/enable" || path == "/disable" ? "POST" : "";
}

Response refused(const Request& request, const std::string& id) {
  const std::string method(method_of(request.path()));
  if (method.empty()) return failure(404, "The requested resource could not be found.", id);
  Response response = failure(405, "HTTP method not allowed, supported methods: " + method, id);
  response.headers.emplace_back("Allow", method);
  return response;
}

Response route(const Request& request, const ControlOptions& options,
               const ControlCallbacks& callbacks, const std::string& id) {
  if (!request.malformed.empty()) return failure(400, request.malformed, id);
  const std::string_view path = request.path();
  const bool matches = request.method == method_of(path);
  if (matches && path == "/ping") return text("pong");
  if (matches && path == "/ready") return readiness(callbacks.ready());
  if (matches && path == "/metrics") {
    return {200, {{"Content-Type", kPrometheus}}, callbacks.metrics()};
  }
  if (!is_authorized(request, options)) return not_authorized(id);
  if (!matches) return refused(request, id);
  if (path == "/enable") return switched(callbacks, callbacks.enable(), "enabled");
  if (path == "/disable") return switched(callbacks, callbacks.disable(), "disabled");
  return text(Json::object({{"enabled", callbacks.is_enabled()}}).to_string());
}

}  // namespace

Response answer(const Request& request, const ControlOptions& options,
                const ControlCallbacks& callbacks) {
  const std::string id = transaction_id(request, options.transaction_header);
  Response response = route(request, options, callbacks, id);
  response.headers.emplace_back(options.transaction_header, id);
  return response;
}

}  // namespace invoker_server
