#include "standalone/control_plane.h"

#include <algorithm>

#include "plane.h"
#include "texts.h"

namespace standalone {
namespace {

constexpr std::size_t kTargetBytesMax = 8192;
constexpr std::size_t kTransactionIdBytesMax = 256;

// Ids go into answers and logs, where other bytes could pass for something else.
bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// The client's own id, unless it claims to be one of the system's or could do harm.
std::string transaction_id_of(const Request& request, IdSource& ids) {
  const std::string* id = request.header("X-Request-ID");
  if (id == nullptr || id->empty() || id->starts_with("sid_") ||
      id->size() > kTransactionIdBytesMax || !is_printable(*id)) {
    return ids.transaction_id();
  }
  return *id;
}

invoker::TransactionId transaction_of(const Call& call, std::int64_t now_ms) {
  const std::string* extra_logging = call.request.header("X-OW-EXTRA-LOGGING");
  base::Json json = base::Json::array();
  json.append(call.reply.transaction_id).append(now_ms);
  if (extra_logging != nullptr && *extra_logging == "on") json.append(true);
  return {call.reply.transaction_id, now_ms, std::move(json)};
}

// What the server itself refuses is said in plain text, as the stock controller does; it has no
// words of its own for requests that contradict themselves.
std::optional<Response> refuse_transport(const Call& call) {
  if (!call.request.malformed.empty()) {
    return failure_reply(call.reply, {400, call.request.malformed, Failure::From::kParsing, {}});
  }
  if (call.request.target.size() > kTargetBytesMax) {
    return text_reply(call.reply, 414,
                      "URI length exceeds the configured limit of " +
                          std::to_string(kTargetBytesMax) + " characters");
  }
  if (call.request.body_too_large) return text_reply(call.reply, 400, "Request too large");
  return std::nullopt;
}

Reply prepare_and_route(Plane& plane, Call& call) {
  ASK(call.path, parse_path(call.request.path()));
  ASK(call.query, Query::parse(call.request.query()));
  return route(plane, call);
}

}  // namespace

ControlPlane::ControlPlane(ControlPlaneConfig config, const ControlPlaneOutside& outside)
    : plane_(std::make_unique<Plane>(std::move(config), outside)) {}
ControlPlane::~ControlPlane() = default;

void ControlPlane::handle(Request request, Responder responder) {
  ++plane_->requests;
  Call call;
  call.request = std::move(request);
  call.responder = std::move(responder);
  call.reply.transaction_id = transaction_id_of(call.request, plane_->outside.ids);
  call.reply.accepts_json = accepts_json(call.request.header("Accept"));
  call.transaction = transaction_of(call, base::epoch_ms(plane_->outside.clock.wall()));
  if (auto refusal = refuse_transport(call); refusal.has_value()) {
    return call.responder.send(std::move(*refusal));
  }
  Reply reply = prepare_and_route(*plane_, call);
  if (!reply.ok()) return call.responder.send(failure_reply(call.reply, reply.failure()));
  if (reply.value().has_value()) call.responder.send(std::move(*reply.value()));
}

bool ControlPlane::is_quick(const Request& request) const {
  if (!request.malformed.empty()) return true;
  if (request.method != "POST" || request.body_too_large) return request.target == "/ping";
  auto path = parse_path(request.path());
  constexpr std::size_t kActionSegments = 6;  // /api/v1/namespaces/NS/actions/NAME
  if (!path.ok()) return true;
  const auto& segments = path.value().segments;
  if (segments.size() != kActionSegments || segments[4] != "actions") return false;
  if (segments[3] != "_") return plane_->outside.actions.holds(segments[3] + "/" + segments[5]);
  const auto answer = plane_->config.users.authenticate(request.header("Authorization"));
  if (answer.user == nullptr) return true;
  return plane_->outside.actions.holds(answer.user->namespace_name + "/" + segments[5]);
}

void ControlPlane::completed(const invoker::ActivationMessage& message,
                             const invoker::Activation& activation) {
  complete_activation(*plane_, message, activation);
}

ControlPlane::Stats ControlPlane::stats() const {
  return {plane_->requests.load(), plane_->invoked.load(), plane_->completions.load(),
          plane_->records_lost.load(), plane_->invocations.waiting()};
}

HttpHandler handler_of(ControlPlane& plane, WorkPool& pool) {
  return [&plane, &pool](Request request, Responder responder) {
    if (plane.is_quick(request)) return plane.handle(std::move(request), std::move(responder));
    // A function object must be copyable, and a responder is not.
    auto work =
        std::make_shared<std::pair<Request, Responder>>(std::move(request), std::move(responder));
    const bool taken = pool.try_run(
        [&plane, work] { plane.handle(std::move(work->first), std::move(work->second)); });
    if (taken) return;
    const ReplyContext reply{RandomIds().transaction_id(), true};
    work->second.send(
        failure_reply(reply, Failure{503, texts::kUnavailable, Failure::From::kHandler, {}}));
  };
}

}  // namespace standalone
