#include <unordered_set>

#include "key_values.h"
#include "outcomes.h"
#include "plane.h"
#include "texts.h"

namespace standalone {
namespace {

Failure refused(int status, const std::string& text) {
  return {status, text, Failure::From::kHandler, {}};
}

// One place among the namespace's activations under way, given back unless kept.
class Permit {
 public:
  Permit(Throttle& throttle, std::string namespace_name)
      : throttle_(&throttle), namespace_name_(std::move(namespace_name)) {}
  Permit(Permit&& other) noexcept
      : throttle_(std::exchange(other.throttle_, nullptr)),
        namespace_name_(std::move(other.namespace_name_)) {}
  Permit& operator=(Permit&&) = delete;
  ~Permit() {
    if (throttle_ != nullptr) throttle_->end(namespace_name_);
  }
  void keep() { throttle_ = nullptr; }

 private:
  Throttle* throttle_;
  std::string namespace_name_;
};

Answer<Permit> take_permit(Plane& plane, const Call& call) {
  const std::string& name = call.user->namespace_name;
  auto text =
      plane.throttle.attempt(name, plane.outside.clock.wall(), call.limits.invocations_per_minute);
  if (!text.has_value()) text = plane.throttle.begin(name, call.limits.concurrent_invocations);
  if (text.has_value()) return refused(429, *text);
  return Permit(plane.throttle, name);
}

struct Options {
  bool blocking = false;
  bool result_only = false;
  std::int64_t wait_ms = 0;
};

Answer<Options> read_options(const Call& call) {
  Options options;
  ASK(options.blocking, call.query.flag("blocking", false));
  ASK(options.result_only, call.query.flag("result", false));
  options.wait_ms = call.limits.blocking_wait_ms;
  const std::string* timeout = call.query.find("timeout");
  if (timeout == nullptr) return options;
  const auto asked = parse_integer(*timeout);
  if (!asked.has_value() || *asked < 1 || *asked > options.wait_ms) {
    return malformed_query("timeout", "Timeout must be number of milliseconds up to " +
                                          std::to_string(options.wait_ms) + ".");
  }
  options.wait_ms = *asked;
  return options;
}

Answer<base::Json> read_payload(const Call& call) {
  ASK(auto body, read_json_body(call));
  if (!body.has_value()) return base::Json::object();
  if (!body->is_object()) return malformed_content("Object expected");
  return std::move(*body);
}

std::optional<Failure> check_payload_size(const Call& call) {
  const std::size_t bytes = call.request.body.size();
  if (bytes <= static_cast<std::size_t>(call.limits.payload_bytes_max)) return std::nullopt;
  return refused(413, texts::too_large("Request", bytes, call.limits.payload_bytes_max));
}

Answer<ActionPtr> find_action(Plane& plane, const Resource& resource) {
  auto action = plane.outside.actions.fetch(resource.id());
  if (action.ok()) {
    const Runtime* runtime = plane.config.runtimes.resolve((*action)->exec.kind);
    if (runtime == nullptr || !runtime->deprecated) return std::move(action).value();
    return refused(400, texts::deprecated(runtime->kind));
  }
  if (action.error().code == base::ErrorCode::kNotFound) {
    const auto other = plane.outside.entities.get(resource.id(), EntityStore::With::kDocument);
    if (other.ok()) return refused(409, texts::kOtherCollection);
  }
  return failure_of(action.error());
}

// Parameters that were given a value stay as the action's owner set them, where that was asked for.
std::optional<Failure> check_final(const invoker::Action& action, const base::Json& payload) {
  const base::Json* is_final = find_key_value(action.annotations, "final");
  if (is_final == nullptr || !is_final->is_bool() || !is_final->as_bool()) return std::nullopt;
  std::unordered_set<std::string_view> closed;
  for (const base::Json& parameter : action.parameters.items()) {
    if (!parameter.find("value")->is_null()) closed.insert(parameter.find("key")->as_string());
  }
  for (const auto& [key, value] : payload.members()) {
    if (closed.contains(key)) return refused(400, texts::kParametersNotAllowed);
  }
  return std::nullopt;
}

// The action's parameters under the payload, into the message.
void merge_content(const invoker::Action& action, base::Json payload,
                   invoker::ActivationMessage& message) {
  std::unordered_set<std::string_view> given;
  for (const auto& [key, value] : payload.members()) given.insert(key);
  base::Json content = base::Json::object();
  auto& members = content.members();
  for (const base::Json& parameter : action.parameters.items()) {
    const std::string& key = parameter.find("key")->as_string();
    const base::Json* init = parameter.find("init");
    if (init != nullptr && init->as_bool()) message.init_args.push_back(key);
    if (!given.contains(key)) members.emplace_back(key, *parameter.find("value"));
  }
  for (auto& member : payload.members()) members.push_back(std::move(member));
  message.content = std::move(content);
}

invoker::ActivationMessage message_of(Plane& plane, const Call& call, const invoker::Action& action,
                                      bool blocking) {
  invoker::ActivationMessage message;
  message.transid = call.transaction;
  message.action_path = action.path;
  message.action_name = action.name;
  message.action_version = action.version;
  message.revision = action.revision;
  message.user = *call.user;
  message.activation_id = plane.outside.ids.activation_id();
  message.root_controller = "0";
  message.blocking = blocking;
  return message;
}

// Hands the message over; from then on the responder may be used by another thread.
Reply submit(Plane& plane, Call& call, const Options& options, invoker::ActivationMessage message,
             const ActionPtr& action, Permit permit) {
  const std::string id = message.activation_id;
  const auto accepted = std::make_shared<const Accepted>(accepted_of(message, action));
  if (options.blocking) {
    plane.invocations.begin(id, message.action_id(),
                            {std::move(call.responder), call.reply, options.result_only},
                            plane.outside.clock.now() + std::chrono::milliseconds(options.wait_ms),
                            [&plane, accepted](WaitingClient client) {
                              answer_accepted(plane, *accepted, std::move(client));
                            });
  } else {
    plane.invocations.begin(id, message.action_id());
  }
  permit.keep();
  const base::Status status = plane.outside.invoker.submit(std::move(message));
  if (status.ok()) {
    ++plane.invoked;
    if (!options.blocking) {
      answer_accepted(plane, *accepted, {std::move(call.responder), call.reply, false});
    }
    return std::optional<Response>();
  }
  plane.throttle.end(call.user->namespace_name);
  auto client = plane.invocations.end(id);
  // The wait may have run out meanwhile: then the client has its answer.
  if (options.blocking && !client.has_value()) return std::optional<Response>();
  if (client.has_value()) call.responder = std::move(client->responder);
  return refused(503, texts::kUnavailable);
}

}  // namespace

Reply invoke_action(Plane& plane, Call& call, const Resource& resource) {
  ASK(Permit permit, take_permit(plane, call));
  REFUSE_IF(check_package(plane, call, resource));
  REFUSE_IF(check_payload_size(call));
  ASK(const Options options, read_options(call));
  ASK(base::Json payload, read_payload(call));
  ASK(const ActionPtr action, find_action(plane, resource));
  REFUSE_IF(check_final(*action, payload));
  invoker::ActivationMessage message = message_of(plane, call, *action, options.blocking);
  merge_content(*action, std::move(payload), message);
  return submit(plane, call, options, std::move(message), action, std::move(permit));
}

}  // namespace standalone
