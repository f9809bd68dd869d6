#include "standalone/entity_store.h"

namespace standalone {

std::string_view path_of(Collection collection) {
  switch (collection) {
    case Collection::kActions:
      return "actions";
    case Collection::kPackages:
      return "packages";
    case Collection::kTriggers:
      return "triggers";
    case Collection::kRules:
      return "rules";
  }
  return "";
}

std::string_view type_of(Collection collection) {
  const std::string_view path = path_of(collection);
  return path.substr(0, path.size() - 1);
}

}  // namespace standalone
