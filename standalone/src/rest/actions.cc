#include <algorithm>

#include "plane.h"
#include "texts.h"

namespace standalone {
namespace {

constexpr std::size_t kFirstNameAt = 5;  // /api/v1/namespaces/NS/actions/…
const std::string kEntityMethods = "GET, PUT, DELETE, POST";

// "exec" without what is large: lists show whether the code is binary, and nothing else of it.
base::Json summary_of(const Entity& entity) {
  base::Json summary = base::Json::object();
  for (const char* key : {"namespace", "name", "version", "publish", "updated", "annotations",
                          "limits", "trigger", "action", "binding"}) {
    const base::Json* value = entity.document.find(key);
    if (value != nullptr) summary.set(key, *value);
  }
  const base::Json* exec = entity.document.find("exec");
  const base::Json* binary = exec == nullptr ? nullptr : exec->find("binary");
  if (binary != nullptr) summary.set("exec", base::Json::object({{"binary", *binary}}));
  return summary;
}

Reply list_all_actions(Plane& plane, Call& call, const std::string& namespace_name) {
  if (namespace_name != call.user->namespace_name) return not_yours(namespace_name);
  EntityQuery query;
  query.namespace_name = namespace_name;
  query.collection = Collection::kActions;
  return list_entities(plane, call, query);
}

Reply list_package(Plane& plane, Call& call, const Resource& resource) {
  REFUSE_IF(check_package(plane, call, resource));
  EntityQuery query;
  query.namespace_name = resource.namespace_name;
  query.collection = Collection::kActions;
  query.path = resource.path();
  return list_entities(plane, call, query);
}

Reply route_action(Plane& plane, Call& call, const Resource& resource) {
  if (call.is("GET")) return get_action(plane, call, resource);
  if (call.is("PUT")) return put_action(plane, call, resource);
  if (call.is("DELETE")) return delete_action(plane, call, resource);
  if (call.is("POST")) return invoke_action(plane, call, resource);
  return wrong_method(kEntityMethods);
}

Answer<Entity> read_action(Plane& plane, const Resource& resource, EntityStore::With with) {
  auto entity = plane.outside.entities.get(resource.id(), with);
  if (!entity.ok()) return failure_of(entity.error());
  if (entity->collection == Collection::kActions) return std::move(entity).value();
  return Failure{409, texts::kOtherCollection, Failure::From::kHandler, {}};
}

}  // namespace

Reply route_actions(Plane& plane, Call& call, const std::string& namespace_name) {
  const auto& segments = call.path.segments;
  const std::size_t count = segments.size() - kFirstNameAt;
  if (count == 0) {
    if (call.is("GET")) return list_all_actions(plane, call, namespace_name);
    return call.path.trailing_slash ? no_route() : wrong_method("GET");
  }
  for (std::size_t i = kFirstNameAt; i < segments.size() && count <= 2; ++i) {
    REFUSE_IF(check_entity_name(segments[i]));
  }
  if (count == 1 && call.path.trailing_slash) {
    if (!call.is("GET")) return no_route();
    return list_package(plane, call, {namespace_name, segments[kFirstNameAt], ""});
  }
  if (count == 1) return route_action(plane, call, {namespace_name, "", segments[kFirstNameAt]});
  if (count > 2 || call.path.trailing_slash) return no_route();
  return route_action(plane, call,
                      {namespace_name, segments[kFirstNameAt], segments[kFirstNameAt + 1]});
}

Reply list_entities(Plane& plane, Call& call, const EntityQuery& query) {
  const std::string collection(path_of(query.collection));
  ASK(const Window window, parse_window(call.query, collection));
  if (window.count) {
    const auto count = plane.outside.entities.count(query);
    if (!count.ok()) return failure_of(count.error());
    const std::int64_t rest = std::max<std::int64_t>(0, *count - window.skip);
    return json_reply(call.reply, 200, base::Json::object({{collection, rest}}));
  }
  EntityQuery page = query;
  page.skip = window.skip;
  page.limit = window.limit;
  const auto entities = plane.outside.entities.list(page);
  if (!entities.ok()) return failure_of(entities.error());
  base::Json list = base::Json::array();
  for (const Entity& entity : *entities) list.append(summary_of(entity));
  return json_reply(call.reply, 200, list);
}

base::Json action_view(Entity entity) {
  base::Json view = base::Json::object();
  for (const char* key : {"namespace", "name", "version", "publish", "updated", "exec",
                          "parameters", "annotations", "limits"}) {
    base::Json* value = entity.document.find(key);
    if (value != nullptr) view.set(key, std::move(*value));
  }
  base::Json* exec = view.find("exec");
  if (exec != nullptr && entity.attachment.has_value()) {
    exec->set("code", std::move(*entity.attachment));
  }
  return view;
}

std::optional<Failure> check_package(Plane& plane, const Call& call, const Resource& resource) {
  if (resource.package.empty()) {
    if (resource.namespace_name == call.user->namespace_name) return std::nullopt;
    return not_yours(resource.id());
  }
  const bool writes = call.is("PUT") || call.is("DELETE");
  if (resource.namespace_name != call.user->namespace_name) {
    // Whether a foreign package exists is not told; sharing comes with packages.
    return not_yours(writes ? resource.id() : resource.path());
  }
  const auto package = plane.outside.entities.get(resource.path(), EntityStore::With::kDocument);
  if (!package.ok()) return failure_of(package.error());
  if (package->collection == Collection::kPackages) return std::nullopt;
  return Failure{409, texts::kOtherCollection, Failure::From::kHandler, {}};
}

Reply get_action(Plane& plane, Call& call, const Resource& resource) {
  REFUSE_IF(check_package(plane, call, resource));
  ASK(const bool with_code, call.query.flag("code", true));
  ASK(Entity entity,
      read_action(plane, resource,
                  with_code ? EntityStore::With::kAttachment : EntityStore::With::kDocument));
  return json_reply(call.reply, 200, action_view(std::move(entity)));
}

Reply delete_action(Plane& plane, Call& call, const Resource& resource) {
  REFUSE_IF(check_package(plane, call, resource));
  ASK(Entity entity, read_action(plane, resource, EntityStore::With::kAttachment));
  const auto removed = plane.outside.entities.remove(entity.id, entity.revision);
  if (!removed.ok()) return failure_of(removed.error());
  plane.outside.actions.forget(entity.id);
  plane.outside.invoker.forget(entity.id);
  return json_reply(call.reply, 200, action_view(std::move(entity)));
}

}  // namespace standalone
