#include "../text.h"
#include "base/utf8.h"
#include "plane.h"
#include "texts.h"

namespace standalone {
namespace {

constexpr std::size_t kNamespaceAt = 3;   // /api/v1/namespaces/NS
constexpr std::size_t kCollectionAt = 4;  // /api/v1/namespaces/NS/actions

std::optional<Failure> authenticate(Plane& plane, Call& call) {
  const auto answer = plane.config.users.authenticate(call.request.header("Authorization"));
  if (answer.verdict == Users::Verdict::kKnown) {
    call.user = answer.user;
    call.limits = plane.config.limits.with_overrides(answer.user->limits);
    return std::nullopt;
  }
  const bool missing = answer.verdict == Users::Verdict::kMissing;
  return Failure{
      401, missing ? texts::kAuthMissing : texts::kAuthInvalid, Failure::From::kParsing, {}};
}

Reply route_limits(Call& call, const std::string& namespace_name) {
  if (call.path.segments.size() > kCollectionAt + 2) return no_route();
  if (namespace_name != call.user->namespace_name) return not_yours(namespace_name);
  if (!call.is("GET")) return wrong_method("GET");
  if (call.path.segments.size() == kCollectionAt + 2) {
    return Failure{400,
                   "Inner entity level routes for limits are not yet implemented.",
                   Failure::From::kHandler,
                   {}};
  }
  return json_reply(call.reply, 200, call.limits.to_namespace_json());
}

Reply route_namespace(Plane& plane, Call& call) {
  const std::string& given = call.path.segments[kNamespaceAt];
  REFUSE_IF(check_namespace_name(given));
  const std::string name = given == "_" ? call.user->namespace_name : given;
  const std::string& collection = call.path.segments[kCollectionAt];
  if (collection == "actions") return route_actions(plane, call, name);
  if (collection == "activations") return route_activations(plane, call, name);
  if (collection == "limits") return route_limits(call, name);
  for (const Collection other :
       {Collection::kPackages, Collection::kTriggers, Collection::kRules}) {
    if (collection == path_of(other)) return route_collection(plane, call, other, name);
  }
  return no_route();
}

}  // namespace

Reply route(Plane& plane, Call& call) {
  if (auto reply = route_public(plane, call); reply.has_value()) return std::move(*reply);
  REFUSE_IF(authenticate(plane, call));
  const auto& segments = call.path.segments;
  if (segments.size() < kNamespaceAt || segments[2] != "namespaces") return no_route();
  for (const std::string& segment : segments) {
    if (segment.empty()) return no_route();
  }
  if (segments.size() == kNamespaceAt) {
    if (!call.is("GET")) return wrong_method("GET");
    base::Json names = base::Json::array();
    names.append(call.user->namespace_name);
    return json_reply(call.reply, 200, names);
  }
  if (segments.size() <= kCollectionAt) return no_route();
  return route_namespace(plane, call);
}

Answer<std::optional<base::Json>> read_json_body(const Call& call) {
  const std::string* header = call.request.header("Content-Type");
  if (call.request.body.empty() && header == nullptr) return std::optional<base::Json>();
  const std::string type = header == nullptr ? "application/octet-stream" : *header;
  if (!same_ignoring_case(trim(type.substr(0, type.find(';'))), "application/json")) {
    if (call.request.body.empty()) return std::optional<base::Json>();
    return Failure{415,
                   "The request's Content-Type [" + base::to_utf8(type) +
                       "] is not supported. Expected:\napplication/json",
                   Failure::From::kParsing,
                   {}};
  }
  if (call.request.body.empty()) return std::optional<base::Json>();
  auto parsed = base::Json::parse(call.request.body);
  if (!parsed.ok()) return malformed_content(parsed.error().message);
  return std::optional<base::Json>(std::move(parsed).value());
}

Failure no_route() { return {404, texts::kNoRoute, Failure::From::kParsing, {}}; }

Failure wrong_method(const std::string& allowed) {
  return {405, "HTTP method not allowed, supported methods: " + allowed, Failure::From::kParsing,
          allowed};
}

Failure not_yours(const std::string& resource) {
  return {403, texts::not_yours(resource), Failure::From::kHandler, {}};
}

Failure not_built(const std::string& what) {
  return {501, what + " not built yet in this version.", Failure::From::kHandler, {}};
}

Failure failure_of(const base::Error& error) {
  switch (error.code) {
    case base::ErrorCode::kNotFound:
      return {404, texts::kNotFound, Failure::From::kHandler, {}};
    case base::ErrorCode::kConflict:
      return {409, texts::kConcurrentChange, Failure::From::kHandler, {}};
    case base::ErrorCode::kDataLoss:
      return {500, texts::kCorrupted, Failure::From::kHandler, {}};
    case base::ErrorCode::kUnavailable:
      return {503, texts::kUnavailable, Failure::From::kHandler, {}};
    default:
      return {500, texts::kInternal, Failure::From::kHandler, {}};
  }
}

}  // namespace standalone
