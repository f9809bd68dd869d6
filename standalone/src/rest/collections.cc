// Packages, triggers and rules: their lists are true (nothing can be in them yet); creating,
// updating, firing and switching them comes in a later version.
#include "plane.h"
#include "texts.h"

namespace standalone {
namespace {

constexpr std::size_t kNameAt = 5;  // /api/v1/namespaces/NS/packages/NAME

std::string title_of(Collection collection) {
  std::string title(path_of(collection));
  title[0] = static_cast<char>(title[0] - 'a' + 'A');
  return title;
}

Reply list(Plane& plane, Call& call, Collection collection, const std::string& namespace_name) {
  // Of a foreign namespace, the shared packages may be listed, whether it exists or not.
  const bool own = namespace_name == call.user->namespace_name;
  if (!own && collection != Collection::kPackages) return not_yours(namespace_name);
  if (!call.is("GET")) return wrong_method("GET");
  EntityQuery query;
  query.namespace_name = namespace_name;
  query.collection = collection;
  return list_entities(plane, call, query);
}

}  // namespace

Reply route_collection(Plane& plane, Call& call, Collection collection,
                       const std::string& namespace_name) {
  const auto& segments = call.path.segments;
  if (segments.size() == kNameAt) return list(plane, call, collection, namespace_name);
  if (segments.size() > kNameAt + 1) return no_route();
  REFUSE_IF(check_entity_name(segments[kNameAt]));
  const Resource resource{namespace_name, "", segments[kNameAt]};
  if (namespace_name != call.user->namespace_name) return not_yours(resource.id());
  if (call.is("PUT") || call.is("POST")) return not_built(title_of(collection) + " are");
  if (!call.is("GET") && !call.is("DELETE")) return wrong_method("GET, PUT, DELETE, POST");
  const auto found = plane.outside.entities.get(resource.id(), EntityStore::With::kDocument);
  if (found.ok() && found->collection == collection) {
    return not_built(title_of(collection) + " are");
  }
  if (found.ok()) return Failure{409, texts::kOtherCollection, Failure::From::kHandler, {}};
  Failure failure = failure_of(found.error());
  if (failure.status == 404 && collection == Collection::kPackages && call.is("GET")) {
    failure.text = "The requested resource '" + resource.id() + "' does not exist.";
  }
  return failure;
}

}  // namespace standalone
