#include <algorithm>

#include "action_draft.h"
#include "key_values.h"
#include "plane.h"
#include "texts.h"

namespace standalone {
namespace {

Failure refused(int status, const std::string& text) {
  return {status, text, Failure::From::kHandler, {}};
}

Answer<ActionDraft> read_draft(const Plane& plane, const Call& call) {
  ASK(const auto body, read_json_body(call));
  if (!body.has_value()) {
    return Failure{400, "Request entity expected but not supplied", Failure::From::kParsing, {}};
  }
  return parse_action_draft(*body, plane.config.runtimes);
}

std::optional<Failure> check_kind(const Call& call, const ExecDraft& exec) {
  if (exec.deprecated) return refused(400, texts::deprecated(exec.kind));
  const base::Json* allowed = call.user->limits.find("allowedKinds");
  if (allowed == nullptr || !allowed->is_array()) return std::nullopt;
  const auto& kinds = allowed->items();
  if (std::find(kinds.begin(), kinds.end(), base::Json(exec.kind)) != kinds.end()) {
    return std::nullopt;
  }
  return refused(403, "The supplied authentication is not authorized to access actions of kind '" +
                          exec.kind + "'.");
}

void set_limit(base::Json& limits, const std::string& key, const std::optional<std::int64_t>& asked,
               std::optional<std::int64_t> standard) {
  if (asked.has_value()) {
    limits.set(key, *asked);
  } else if (standard.has_value() && limits.find(key) == nullptr) {
    limits.set(key, *standard);
  }
}

void apply_limits(base::Json& document, const LimitsDraft& draft, const ServiceLimits& service) {
  base::Json limits = document.find("limits") == nullptr ? base::Json::object()
                                                         : std::move(*document.find("limits"));
  set_limit(limits, "concurrency", draft.concurrency, service.concurrency.standard);
  set_limit(limits, "logs", draft.logs_mb, service.logs_mb.standard);
  set_limit(limits, "memory", draft.memory_mb, service.memory_mb.standard);
  set_limit(limits, "timeout", draft.timeout_ms, service.timeout_ms.standard);
  set_limit(limits, "instances", draft.instances, std::nullopt);
  document.set("limits", std::move(limits));
}

void apply_annotations(base::Json& document, const ActionDraft& draft, bool is_new) {
  base::Json annotations = is_new ? base::Json::array() : std::move(*document.find("annotations"));
  remove_keys(annotations, draft.removed_annotations);
  if (is_new) set_key_value(annotations, "provide-api-key", false);
  if (draft.annotations.has_value()) merge_key_values(annotations, *draft.annotations);
  set_key_value(annotations, "exec", *document.find("exec")->find("kind"));
  document.set("annotations", std::move(annotations));
}

// The document after the request: `entity` is the one that was there, or a new one.
void apply(Entity& entity, ActionDraft& draft, const Call& call, std::int64_t now_ms) {
  base::Json& document = entity.document;
  const bool is_new = entity.revision.empty();
  if (draft.exec.has_value()) {
    document.set("exec", std::move(draft.exec->document));
    entity.attachment = std::move(draft.exec->code);
  }
  if (draft.parameters.has_value() || is_new) {
    document.set("parameters", draft.parameters.value_or(base::Json::array()));
  }
  apply_limits(document, draft.limits, call.limits);
  apply_annotations(document, draft, is_new);
  const std::string standard =
      is_new ? "0.0.1" : next_version(document.find("version")->as_string());
  document.set("version", draft.version.value_or(standard));
  if (draft.publish.has_value() || is_new) document.set("publish", draft.publish.value_or(false));
  document.set("updated", now_ms);
  entity.updated_ms = now_ms;
}

Entity new_entity(const Resource& resource) {
  Entity entity;
  entity.collection = Collection::kActions;
  entity.id = resource.id();
  entity.namespace_name = resource.namespace_name;
  entity.document = base::Json::object({{"_id", entity.id},
                                        {"entityType", std::string(type_of(entity.collection))},
                                        {"namespace", resource.path()},
                                        {"name", resource.name}});
  return entity;
}

// The entity to be changed: the stored one, or a new one.
Answer<Entity> read_present(Plane& plane, const Resource& resource, const ActionDraft& draft,
                            bool overwrite) {
  auto found = plane.outside.entities.get(resource.id(), EntityStore::With::kAttachment);
  if (!found.ok()) {
    if (found.error().code != base::ErrorCode::kNotFound) return failure_of(found.error());
    if (!draft.exec.has_value()) return refused(400, "exec undefined");
    return new_entity(resource);
  }
  if (found->collection != Collection::kActions) return refused(409, texts::kOtherCollection);
  if (!overwrite) return refused(409, texts::kExists);
  const auto readable = parse_action(*found);
  if (!readable.ok()) return failure_of(readable.error());
  const Runtime* runtime = plane.config.runtimes.resolve(readable->exec.kind);
  if (runtime != nullptr && runtime->deprecated) {
    return refused(400, texts::deprecated(runtime->kind));
  }
  return std::move(found).value();
}

}  // namespace

Reply put_action(Plane& plane, Call& call, const Resource& resource) {
  if (resource.namespace_name != call.user->namespace_name) return not_yours(resource.id());
  REFUSE_IF(check_package(plane, call, resource));
  ASK(ActionDraft draft, read_draft(plane, call));
  REFUSE_IF(check_sizes(draft, call.limits));
  ASK(const bool overwrite, call.query.flag("overwrite", false));
  REFUSE_IF(check_limits(draft.limits, call.limits));
  if (draft.exec.has_value()) REFUSE_IF(check_kind(call, *draft.exec));
  ASK(Entity entity, read_present(plane, resource, draft, overwrite));
  apply(entity, draft, call, base::epoch_ms(plane.outside.clock.wall()));
  const auto revision = plane.outside.entities.put(entity);
  if (!revision.ok()) return failure_of(revision.error());
  plane.outside.actions.forget(entity.id);
  plane.outside.invoker.forget(entity.id);
  return json_reply(call.reply, 200, action_view(std::move(entity)));
}

}  // namespace standalone
