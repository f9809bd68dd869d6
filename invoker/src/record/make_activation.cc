#include "invoker/make_activation.h"

#include <utility>

#include "base/check.h"

namespace invoker {
namespace {

constexpr std::string_view kVersionUnknown = "0.0.1";

void annotate(base::Json& annotations, std::string_view key, base::Json value) {
  annotations.append(base::Json::object({{"key", key}, {"value", std::move(value)}}));
}

// What every record takes from the message.
Activation begin_record(const ActivationMessage& message, Response response) {
  Activation activation;
  activation.activation_id = message.activation_id;
  activation.namespace_name = message.user.namespace_name;
  activation.subject = message.user.subject;
  activation.cause = message.cause;
  activation.response = std::move(response);
  if (message.cause) annotate(activation.annotations, "causedBy", "sequence");
  return activation;
}

// What it takes from the action as stored.
void describe_action(Activation& activation, const ActivationMessage& message,
                     const Action& action) {
  activation.name = action.name;
  activation.version = action.version;
  base::Json& annotations = activation.annotations;
  annotate(annotations, "path", action.full_name());
  annotate(annotations, "kind", action.exec.kind);
  annotate(annotations, "limits", to_json(action.limits));
  if (message.action_binding) annotate(annotations, "binding", *message.action_binding);
}

void set_period(Activation& activation, std::int64_t start_ms, std::int64_t end_ms) {
  activation.start_ms = start_ms;
  activation.end_ms = end_ms;
  activation.duration_ms = end_ms - start_ms;
}

void set_times(Activation& activation, const Times& times) {
  if (!times.run) return set_period(activation, times.init->start_ms, times.init->end_ms);
  const std::int64_t init_ms = times.init ? times.init->duration_ms() : 0;
  set_period(activation, times.run->start_ms - init_ms, times.run->end_ms);
}

}  // namespace

CallTime call_time(const CallOutcome& outcome, const CallFacts& facts) {
  return {outcome.start_ms, outcome.end_ms, timed_out(outcome, facts)};
}

Activation make_activation(const ActivationMessage& message, const Action& action,
                           Response response, const Times& times, base::Json extra) {
  CHECK(times.init || times.run);
  Activation activation = begin_record(message, std::move(response));
  describe_action(activation, message, action);
  set_times(activation, times);
  base::Json& annotations = activation.annotations;
  const CallTime& first = times.init ? *times.init : *times.run;
  const CallTime& last = times.run ? *times.run : *times.init;
  annotate(annotations, "timeout", last.timed_out);
  if (times.init) annotate(annotations, "initTime", times.init->duration_ms());
  annotate(annotations, "waitTime", first.start_ms - message.transid.start_ms);
  for (base::Json& entry : extra.items()) annotations.append(std::move(entry));
  return activation;
}

Activation activation_without_container(const ActivationMessage& message, const Action& action,
                                        Response response, std::int64_t now_ms) {
  Activation activation = begin_record(message, std::move(response));
  describe_action(activation, message, action);
  set_period(activation, now_ms, now_ms);
  annotate(activation.annotations, "timeout", false);
  annotate(activation.annotations, "waitTime", now_ms - message.transid.start_ms);
  return activation;
}

Activation fallback_activation(const ActivationMessage& message, Response response,
                               std::int64_t now_ms) {
  Activation activation = begin_record(message, std::move(response));
  activation.name = message.action_name;
  activation.version = message.action_version.value_or(std::string(kVersionUnknown));
  set_period(activation, now_ms, now_ms);
  annotate(activation.annotations, "path", message.action_id());
  annotate(activation.annotations, "kind", "unknown");
  return activation;
}

}  // namespace invoker
