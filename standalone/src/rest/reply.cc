#include "reply.h"

#include <algorithm>

#include "../text.h"
#include "base/utf8.h"

namespace standalone {
namespace {

// "q=0" in the parameters of a media range.
bool is_refused(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = trim(parameters.substr(0, parameters.find(';')));
    parameters.remove_prefix(std::min(parameters.size(), parameters.find(';')));
    if (parameters.starts_with(';')) parameters.remove_prefix(1);
    if (!same_ignoring_case(parameter.substr(0, 2), "q=")) continue;
    return parameter.find_first_not_of("0.", 2) == std::string_view::npos;
  }
  return false;
}

Response reply(const ReplyContext& context, int status, std::string type, std::string body) {
  Response response{status, {}, std::move(body)};
  response.headers.reserve(6);
  response.headers.emplace_back("X-Request-ID", context.transaction_id);
  response.headers.emplace_back("Content-Type", std::move(type));
  return response;
}

}  // namespace

// The most specific range that fits decides.
bool accepts_json(const std::string* accept) {
  if (accept == nullptr || trim(*accept).empty()) return true;
  int best = -1;
  bool accepted = false;
  std::string_view rest = *accept;
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    const std::size_t semicolon = std::min(item.find(';'), item.size());
    const std::string type = to_lower(trim(item.substr(0, semicolon)));
    const int rank = type == "application/json" ? 2
                     : type == "application/*"  ? 1
                     : type == "*/*"            ? 0
                                                : -1;
    if (rank <= best) continue;
    best = rank;
    accepted = !is_refused(item.substr(semicolon));
  }
  return accepted;
}

void allow_cross_origin(Response& response) {
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  response.headers.emplace_back(
      "Access-Control-Allow-Headers",
      "Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent");
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET, DELETE, POST, PUT, HEAD");
}

Response json_text_reply(const ReplyContext& context, int status, std::string text) {
  if (status < 300 && !context.accepts_json) {
    return failure_reply(context,
                         Failure{406,
                                 "Resource representation is only available with these types:\n"
                                 "application/json",
                                 Failure::From::kHandler,
                                 {}});
  }
  Response response = reply(context, status, "application/json", std::move(text));
  allow_cross_origin(response);
  return response;
}

Response json_reply(const ReplyContext& context, int status, const base::Json& body) {
  return json_text_reply(context, status, body.to_string());
}

Response failure_reply(const ReplyContext& context, const Failure& failure) {
  std::string body = "{\"error\":";
  base::append_json_string(body, failure.text);
  body += ",\"code\":";
  base::append_json_string(body, base::to_utf8(context.transaction_id));
  body += "}";
  Response response = reply(context, failure.status, "application/json", std::move(body));
  if (failure.from == Failure::From::kHandler) allow_cross_origin(response);
  if (!failure.allow.empty()) response.headers.emplace_back("Allow", failure.allow);
  if (failure.status == 401) {
    response.headers.emplace_back("WWW-Authenticate",
                                  "Basic realm=\"OpenWhisk secure realm\",charset=UTF-8");
  }
  return response;
}

Response text_reply(const ReplyContext& context, int status, std::string text) {
  return reply(context, status, "text/plain; charset=UTF-8", std::move(text));
}

}  // namespace standalone
