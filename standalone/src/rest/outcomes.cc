#include "outcomes.h"

#include <memory>

#include "invoker/make_activation.h"
#include "key_values.h"
#include "texts.h"

namespace standalone {
namespace {

const std::string kActivationHeader = "x-openwhisk-activation-id";

Response with_id(Response response, const std::string& activation_id) {
  response.headers.emplace_back(kActivationHeader, activation_id);
  return response;
}

Response accepted_reply(const ReplyContext& reply, const std::string& activation_id) {
  return with_id(json_reply(reply, 202, base::Json::object({{"activationId", activation_id}})),
                 activation_id);
}

int status_of(invoker::StatusCode code) {
  switch (code) {
    case invoker::StatusCode::kSuccess:
      return 200;
    case invoker::StatusCode::kApplicationError:
    case invoker::StatusCode::kDeveloperError:
      return 502;
    case invoker::StatusCode::kWhiskError:
      break;
  }
  return 500;
}

// What a client sees who waited. An array as result is the whole answer.
Response finished_reply(const WaitingClient& client, const std::string& id,
                        invoker::StatusCode code, const base::Json& view) {
  const base::Json* response = view.find("response");
  const base::Json* result = response == nullptr ? nullptr : response->find("result");
  const bool bare = client.result_only || (result != nullptr && result->is_array());
  if (!bare) return with_id(json_reply(client.reply, status_of(code), view), id);
  const base::Json body = result == nullptr ? base::Json::object() : *result;
  return with_id(json_reply(client.reply, status_of(code), body), id);
}

// What `name=` of a list finds: the package stands before the name of a packaged action.
std::string filter_name_of(const invoker::Activation& activation) {
  const base::Json* path = find_key_value(activation.annotations, "binding");
  if (path != nullptr && path->is_string()) {
    return path->as_string().substr(path->as_string().rfind('/') + 1) + "/" + activation.name;
  }
  path = find_key_value(activation.annotations, "path");
  if (path == nullptr || !path->is_string()) return activation.name;
  const std::string& text = path->as_string();
  const std::size_t first = text.find('/');
  const bool packaged =
      first != std::string::npos && text.find('/', first + 1) != std::string::npos;
  return packaged ? text.substr(first + 1) : activation.name;
}

ActivationRecord record_of(const invoker::Activation& activation, base::Json document,
                           std::int64_t now_ms) {
  ActivationRecord record;
  record.namespace_name = activation.namespace_name;
  record.activation_id = activation.activation_id;
  record.filter_name = filter_name_of(activation);
  record.start_ms = activation.start_ms;
  document.set("_id", activation.namespace_name + "/" + activation.activation_id)
      .set("entityType", "activation")
      .set("updated", now_ms);
  record.document = document.to_string();
  return record;
}

bool is_stored(const invoker::ActivationMessage& message) {
  const base::Json* store = message.user.limits.find("storeActivations");
  return store == nullptr || !store->is_bool() || store->as_bool();
}

}  // namespace

Accepted accepted_of(const invoker::ActivationMessage& message, const ActionPtr& action) {
  Accepted accepted{{}, action};
  accepted.message.transid.start_ms = message.transid.start_ms;
  accepted.message.user.namespace_name = message.user.namespace_name;
  accepted.message.user.subject = message.user.subject;
  accepted.message.user.limits = message.user.limits;
  accepted.message.activation_id = message.activation_id;
  accepted.message.action_binding = message.action_binding;
  return accepted;
}

void answer_accepted(Plane& plane, const Accepted& accepted, WaitingClient client) {
  const std::string id = accepted.message.activation_id;
  if (!is_stored(accepted.message)) {
    client.responder.send(accepted_reply(client.reply, id));
    return;
  }
  const std::int64_t now_ms = base::epoch_ms(plane.outside.clock.wall());
  const invoker::Activation lost = invoker::activation_without_container(
      accepted.message, *accepted.action,
      invoker::Response::error(invoker::StatusCode::kWhiskError, texts::kInterrupted), now_ms);
  // std::function wants what can be copied.
  auto waiting = std::make_shared<WaitingClient>(std::move(client));
  plane.outside.activations.accept(
      record_of(lost, invoker::to_document(lost), now_ms),
      [&plane, id, waiting](const base::Status& status) {
        const ReplyContext& reply = waiting->reply;
        if (!status.ok()) ++plane.records_lost;
        waiting->responder.send(
            status.ok() ? accepted_reply(reply, id)
                        : with_id(failure_reply(reply, {503,
                                                        texts::unrecorded(status.error().message),
                                                        Failure::From::kHandler,
                                                        {}}),
                                  id));
      });
}

void complete_activation(Plane& plane, const invoker::ActivationMessage& message,
                         const invoker::Activation& activation) {
  ++plane.completions;
  plane.throttle.end(message.user.namespace_name);
  base::Json document = invoker::to_document(activation);
  base::Json view;
  if (message.blocking) {
    view = activation_view(document);
    view.set("logs", base::Json::array());
  }
  auto answer = [&plane, id = message.activation_id, code = activation.response.code,
                 view = std::move(view)](const base::Status& status) {
    if (!status.ok()) ++plane.records_lost;
    auto client = plane.invocations.end(id);
    if (client.has_value()) client->responder.send(finished_reply(*client, id, code, view));
  };
  if (!is_stored(message)) return answer(base::Status());
  plane.outside.activations.put(
      record_of(activation, std::move(document), base::epoch_ms(plane.outside.clock.wall())),
      std::move(answer));
}

}  // namespace standalone
