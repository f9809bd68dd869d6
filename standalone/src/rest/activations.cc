#include <algorithm>

#include "base/utf8.h"
#include "plane.h"
#include "texts.h"

namespace standalone {
namespace {

constexpr std::size_t kIdAt = 5;  // /api/v1/namespaces/NS/activations/ID
constexpr std::size_t kIdLength = 32;

Failure refused(int status, const std::string& text) {
  return {status, text, Failure::From::kHandler, {}};
}

std::string_view status_text(std::int64_t code) {
  if (code < 0 || code > 3) code = 3;
  return invoker::name_of(static_cast<invoker::StatusCode>(code));
}

std::int64_t status_code(const base::Json& document) {
  const base::Json* response = document.find("response");
  const base::Json* code = response == nullptr ? nullptr : response->find("statusCode");
  return code == nullptr ? 3 : code->as_int64().value_or(3);
}

// Clients see words in place of the number.
base::Json response_view(const base::Json& document) {
  base::Json view = base::Json::object();
  const base::Json* stored = document.find("response");
  for (const char* key : {"result", "size"}) {
    const base::Json* value = stored == nullptr ? nullptr : stored->find(key);
    if (value != nullptr) view.set(key, *value);
  }
  const std::int64_t code = status_code(document);
  return view.set("status", status_text(code)).set("success", code == 0);
}

base::Json summary_of(const base::Json& document) {
  base::Json summary = base::Json::object();
  for (const char* key : {"namespace", "name", "version", "publish", "annotations", "activationId",
                          "start", "cause", "end", "duration"}) {
    const base::Json* value = document.find(key);
    if (value != nullptr) summary.set(key, *value);
  }
  if (document.find("end") != nullptr) summary.set("statusCode", status_code(document));
  return summary;
}

Answer<std::optional<std::int64_t>> read_time(const Query& query, const std::string& name) {
  const std::string* text = query.find(name);
  if (text == nullptr) return std::optional<std::int64_t>();
  const auto number = parse_integer(*text);
  if (number.has_value()) return number;
  return malformed_query(
      name, "Parameter is not a valid value for epoch seconds: " + base::to_utf8(*text));
}

Answer<std::optional<std::string>> read_name(const Query& query) {
  const std::string* text = query.find("name");
  if (text == nullptr || text->empty()) return std::optional<std::string>();
  const auto slash = text->find('/');
  const std::string first = text->substr(0, slash);
  const std::string second = slash == std::string::npos ? "a" : text->substr(slash + 1);
  if (is_entity_name(first) && is_entity_name(second)) return std::optional<std::string>(*text);
  return malformed_query(
      "name",
      "Parameter may be a 'simple' name or 'package-name/simple' name: " + base::to_utf8(*text));
}

Reply list(Plane& plane, Call& call, const std::string& namespace_name) {
  ASK(const Window window, parse_window(call.query, "activations"));
  ASK(const bool docs, call.query.flag("docs", false));
  ActivationQuery query;
  query.namespace_name = namespace_name;
  ASK(query.filter_name, read_name(call.query));
  ASK(query.since_ms, read_time(call.query, "since"));
  ASK(query.upto_ms, read_time(call.query, "upto"));
  query.skip = window.skip;
  query.limit = window.limit;
  if (window.count && docs) {
    return refused(400, "The parameter 'docs' is not permitted with 'count'.");
  }
  if (window.count) {
    const auto count = plane.outside.activations.count(query);
    if (!count.ok()) return failure_of(count.error());
    const std::int64_t rest = std::max<std::int64_t>(0, *count - window.skip);
    return json_reply(call.reply, 200, base::Json::object({{"activations", rest}}));
  }
  auto documents = plane.outside.activations.list(query);
  if (!documents.ok()) return failure_of(documents.error());
  base::Json items = base::Json::array();
  for (base::Json& document : *documents) {
    items.append(docs ? activation_view(std::move(document)) : summary_of(document));
  }
  return json_reply(call.reply, 200, items);
}

std::optional<Failure> check_id(const std::string& id) {
  const std::size_t length = base::utf16_length(base::to_utf8(id));
  if (length != kIdLength) {
    return refused(400, "Activation id length is " + std::to_string(length) + " but must be " +
                            std::to_string(kIdLength) + ".");
  }
  if (id.find_first_not_of("0123456789abcdef") == std::string::npos) return std::nullopt;
  return refused(400, "The activation id is not valid.");
}

}  // namespace

base::Json activation_view(base::Json document) {
  document.set("response", response_view(document));
  for (const char* key : {"_id", "_rev", "entityType", "updated"}) document.erase(key);
  return document;
}

Reply route_activations(Plane& plane, Call& call, const std::string& namespace_name) {
  const auto& segments = call.path.segments;
  const std::string part = segments.size() == kIdAt + 2 ? segments[kIdAt + 1] : "";
  if (segments.size() > kIdAt + 2 || (!part.empty() && part != "logs" && part != "result")) {
    return no_route();
  }
  if (!call.is("GET")) return wrong_method("GET");
  const bool is_list = segments.size() == kIdAt;
  if (!is_list) REFUSE_IF(check_id(segments[kIdAt]));
  if (namespace_name != call.user->namespace_name) {
    return not_yours(is_list ? namespace_name : namespace_name + "/" + segments[kIdAt]);
  }
  if (is_list) return list(plane, call, namespace_name);
  auto document = plane.outside.activations.get(namespace_name, segments[kIdAt]);
  if (!document.ok()) return failure_of(document.error());
  if (part == "result") return json_reply(call.reply, 200, response_view(*document));
  if (part == "logs") {
    const base::Json* logs = document->find("logs");
    return json_reply(call.reply, 200,
                      base::Json::object({{"logs", logs ? *logs : base::Json::array()}}));
  }
  return json_reply(call.reply, 200, activation_view(std::move(document).value()));
}

}  // namespace standalone
