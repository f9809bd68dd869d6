// Where actions, packages, triggers and rules are kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace standalone {

// All collections share one space of ids: an action and a trigger cannot have the same name.
enum class Collection { kActions, kPackages, kTriggers, kRules };

// As in paths and lists ("actions"), and as in documents ("action").
std::string_view path_of(Collection collection);
std::string_view type_of(Collection collection);

// One document.
//
// `document` is the JSON of OpenWhisk's entity documents, with "_id", "_rev" and "entityType", but
// without `exec.code`: an action's code is the `attachment`, so that lists need not read it.
struct Entity {
  Collection collection = Collection::kActions;
  std::string id;              // "guest/hello", "guest/package/hello"
  std::string namespace_name;  // first segment of the id
  std::string revision;        // "3-5f0c…": how many writes, and a tag; given by the store
  std::int64_t updated_ms = 0;
  base::Json document;
  std::optional<std::string> attachment;
};

struct EntityQuery {
  std::string namespace_name;
  Collection collection = Collection::kActions;
  std::optional<std::string> path;  // only entities directly under it: "guest/package"
  std::int64_t skip = 0;
  std::int64_t limit = 30;
};

// Threads: any method from any thread. Time: a call blocks on the disk.
// Errors: kDataLoss for an unreadable document, kUnavailable when the store cannot be used now.
class EntityStore {
 public:
  enum class With { kDocument, kAttachment };

  virtual ~EntityStore() = default;

  // kNotFound where the id is unknown.
  virtual base::Result<Entity> get(std::string_view id, With with) = 0;

  // Creates (`entity.revision` empty) or replaces (the revision that was read). Survives the end of
  // this process when it returns. Gives the new revision. kConflict when the id exists or has
  // another revision, or is gone.
  virtual base::Result<std::string> put(const Entity& entity) = 0;

  // kNotFound, kConflict when the revision is another.
  virtual base::Status remove(std::string_view id, std::string_view revision) = 0;

  // Newest first by `updated`, then by id; without attachments.
  virtual base::Result<std::vector<Entity>> list(const EntityQuery& query) = 0;

  // How many there are, without regard to skip and limit.
  virtual base::Result<std::int64_t> count(const EntityQuery& query) = 0;
};

}  // namespace standalone
