#include "plane.h"

namespace standalone {
namespace {

base::Json platform_info(const Plane& plane) {
  base::Json paths = base::Json::array();
  paths.append("/api/v1");
  return base::Json::object(
      {{"description", "OpenWhisk"},
       {"support", base::Json::object({{"github", "https://github.com/apache/openwhisk/issues"},
                                       {"slack", "http://slack.openwhisk.org"}})},
       {"api_paths", paths},
       {"limits", plane.config.limits.to_info_json()},
       {"runtimes", plane.config.runtimes.to_json()}});
}

base::Json api_info(const Plane& plane) {
  return base::Json::object(
      {{"description", "OpenWhisk API"},
       {"api_version", "1.0.0"},
       {"api_version_path", "v1"},
       {"build", plane.config.build},
       {"buildno", plane.config.build_number},
       {"swagger_paths", base::Json::object({{"ui", "/docs"}, {"api-docs", "/api-docs"}})}});
}

Response metrics(Plane& plane, const Call& call) {
  std::string text;
  const auto add = [&](const std::string& name, const std::string& type, std::uint64_t value) {
    text += "# TYPE " + name + " " + type + "\n" + name + " " + std::to_string(value) + "\n";
  };
  add("larder_rest_requests_total", "counter", plane.requests.load());
  add("larder_rest_invocations_total", "counter", plane.invoked.load());
  add("larder_rest_completions_total", "counter", plane.completions.load());
  add("larder_rest_records_lost_total", "counter", plane.records_lost.load());
  add("larder_rest_invocations_under_way", "gauge", plane.invocations.count());
  add("larder_rest_clients_waiting", "gauge", plane.invocations.waiting());
  if (plane.config.metrics) text += plane.config.metrics();
  Response response = text_reply(call.reply, 200, std::move(text));
  for (auto& [name, value] : response.headers) {
    if (name == "Content-Type") value = "text/plain; version=0.0.4; charset=UTF-8";
  }
  return response;
}

Reply invokers(Plane& plane, Call& call) {
  const bool healthy = plane.outside.invoker.healthy();
  const auto& segments = call.path.segments;
  if (segments.size() == 1) {
    return json_reply(call.reply, 200,
                      base::Json::object({{"invoker0/0", healthy ? "up" : "down"}}));
  }
  if (call.path.is({"invokers", "healthy", "count"})) {
    return json_text_reply(call.reply, 200, healthy ? "1" : "0");
  }
  if (!call.path.is({"invokers", "ready"})) return no_route();
  if (healthy) return json_reply(call.reply, 200, base::Json::object({{"healthy", "1/1"}}));
  return json_reply(call.reply, 500, base::Json::object({{"unhealthy", "0/1"}}));
}

Reply activations_under_way(Plane& plane, Call& call) {
  if (call.path.is({"activation", "count"})) {
    return json_text_reply(call.reply, 200, std::to_string(plane.invocations.count()));
  }
  if (!call.path.is({"activation"})) return no_route();
  base::Json list = base::Json::array();
  for (auto& [id, action] : plane.invocations.all()) {
    base::Json pair = base::Json::array();
    pair.append(id).append(action);
    list.append(std::move(pair));
  }
  return json_reply(call.reply, 200, list);
}

Response options_reply(const Call& call, bool is_api) {
  Response response = text_reply(call.reply, 200, "OK");
  allow_cross_origin(response);
  if (is_api) return response;
  for (auto& [name, value] : response.headers) {
    if (name == "Access-Control-Allow-Methods") value = "OPTIONS, GET, POST";
  }
  return response;
}

Reply route_outside_api(Plane& plane, Call& call) {
  const auto& segments = call.path.segments;
  if (segments.empty()) {
    if (!call.is("GET")) return wrong_method("GET, OPTIONS");
    return json_reply(call.reply, 200, platform_info(plane));
  }
  const std::string& first = segments[0];
  if (!call.is("GET")) return wrong_method("OPTIONS");
  if (call.path.is({"ping"})) return text_reply(call.reply, 200, "pong");
  if (call.path.is({"metrics"})) return metrics(plane, call);
  if (first == "invokers") return invokers(plane, call);
  if (first == "activation") return activations_under_way(plane, call);
  if (first == "docs" || call.path.is({"api-docs"})) return not_built("The API's description is");
  return wrong_method("OPTIONS");
}

}  // namespace

std::optional<Reply> route_public(Plane& plane, Call& call) {
  const auto& segments = call.path.segments;
  const bool is_api = segments.size() >= 2 && segments[0] == "api" && segments[1] == "v1";
  if (call.is("OPTIONS")) return options_reply(call, is_api);
  if (!is_api) return route_outside_api(plane, call);
  if (segments.size() == 2) {
    if (!call.is("GET")) return wrong_method("GET, OPTIONS");
    return json_reply(call.reply, 200, api_info(plane));
  }
  if (call.is("GET") && (segments[2] == "docs" || call.path.is({"api", "v1", "api-docs"}))) {
    return not_built("The API's description is");
  }
  constexpr std::size_t kWebActionSegments = 6;  // /api/v1/web/NS/PACKAGE/NAME
  if (segments[2] == "web" && segments.size() >= kWebActionSegments) {
    return not_built("Web actions are");
  }
  return std::nullopt;
}

}  // namespace standalone
