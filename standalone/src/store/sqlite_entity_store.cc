#include "standalone/sqlite_entity_store.h"

#include <mutex>

#include "base_sqlite/sqlite.h"
#include "sqlite_settings.h"
#include "standalone/ids.h"

namespace standalone {
namespace {

using base_sqlite::Database;
using base_sqlite::InUse;
using base_sqlite::Statement;

constexpr int kSchemaVersion = 1;
// The attachment stands last: a row's first columns are read without touching its pages.
constexpr const char* kSchema = R"(
  CREATE TABLE entities(
    id TEXT PRIMARY KEY NOT NULL,
    namespace TEXT NOT NULL,
    path TEXT NOT NULL,
    collection INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    revision TEXT NOT NULL,
    document TEXT NOT NULL,
    attachment BLOB);
  CREATE INDEX entities_by_time ON entities(namespace, collection, updated DESC, id);
)";
constexpr std::string_view kColumns = "id, namespace, collection, updated, revision, document";

std::string_view parent_path(std::string_view id) { return id.substr(0, id.rfind('/')); }

base::Result<Entity> read_entity(const Statement& row) {
  Entity entity;
  entity.id = row.bytes(0);
  entity.namespace_name = row.bytes(1);
  entity.collection = static_cast<Collection>(row.number(2));
  entity.updated_ms = row.number(3);
  entity.revision = row.bytes(4);
  auto document = base::Json::parse(row.bytes(5));
  if (!document.ok() || !document->is_object()) {
    return base::Error{base::ErrorCode::kDataLoss,
                       "the document of " + entity.id + " is unreadable"};
  }
  entity.document = std::move(document).value();
  entity.document.set("_id", entity.id).set("_rev", entity.revision);
  return entity;
}

// "3-…" after "2-…": OpenWhisk's clients of the documents look at the number.
std::string next_revision(std::string_view revision) {
  std::uint64_t writes = 0;
  for (const char c : revision.substr(0, revision.find('-'))) {
    writes = writes * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return std::to_string(writes + 1) + "-" + RandomIds().activation_id();
}

class SqliteEntityStore final : public EntityStore {
 public:
  explicit SqliteEntityStore(Database database) : database_(std::move(database)) {}

  base::Status prepare();
  base::Result<Entity> get(std::string_view id, With with) override;
  base::Result<std::string> put(const Entity& entity) override;
  base::Status remove(std::string_view id, std::string_view revision) override;
  base::Result<std::vector<Entity>> list(const EntityQuery& query) override;
  base::Result<std::int64_t> count(const EntityQuery& query) override;

 private:
  static void bind_query(Statement& statement, const EntityQuery& query);
  static void bind_entity(Statement& statement, const Entity& entity, const std::string& document,
                          const std::string& revision);

  std::mutex mutex_;  // guards everything below
  Database database_;
  Statement get_, get_whole_, insert_, replace_, remove_, exists_, list_, count_;
};

base::Status SqliteEntityStore::prepare() {
  TRY_STATUS(database_.set_schema(kSchemaVersion, kSchema));
  const std::string columns(kColumns);
  const std::string where =
      " FROM entities WHERE namespace=?1 AND collection=?2 AND (?3 IS NULL OR path=?3)";
  TRY(get_, database_.prepare("SELECT " + columns + " FROM entities WHERE id=?1"));
  TRY(get_whole_,
      database_.prepare("SELECT " + columns + ", attachment FROM entities WHERE id=?1"));
  TRY(insert_, database_.prepare("INSERT INTO entities(id, namespace, path, collection, updated,"
                                 " revision, document, attachment) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)"
                                 " ON CONFLICT(id) DO NOTHING"));
  TRY(replace_, database_.prepare("UPDATE entities SET namespace=?2, path=?3, collection=?4,"
                                  " updated=?5, revision=?6, document=?7, attachment=?8"
                                  " WHERE id=?1 AND revision=?9"));
  TRY(remove_, database_.prepare("DELETE FROM entities WHERE id=?1 AND revision=?2"));
  TRY(exists_, database_.prepare("SELECT 1 FROM entities WHERE id=?1"));
  TRY(list_, database_.prepare("SELECT " + columns + where +
                               " ORDER BY updated DESC, id LIMIT ?4 OFFSET ?5"));
  TRY(count_, database_.prepare("SELECT COUNT(*)" + where));
  return {};
}

base::Result<Entity> SqliteEntityStore::get(std::string_view id, With with) {
  const std::lock_guard lock(mutex_);
  Statement& statement = with == With::kAttachment ? get_whole_ : get_;
  const InUse in_use(statement);
  TRY(const bool found, statement.bind(1, id).step());
  if (!found) return base::Error{base::ErrorCode::kNotFound, std::string(id) + " does not exist"};
  TRY(Entity entity, read_entity(statement));
  if (with == With::kAttachment && !statement.is_null(6)) entity.attachment = statement.bytes(6);
  return entity;
}

void SqliteEntityStore::bind_entity(Statement& statement, const Entity& entity,
                                    const std::string& document, const std::string& revision) {
  statement.bind(1, entity.id)
      .bind(2, entity.namespace_name)
      .bind(3, parent_path(entity.id))
      .bind(4, static_cast<std::int64_t>(entity.collection))
      .bind(5, entity.updated_ms)
      .bind(6, revision)
      .bind(7, document);
  if (entity.attachment.has_value()) {
    statement.bind_blob(8, *entity.attachment);
  } else {
    statement.bind_null(8);
  }
}

base::Result<std::string> SqliteEntityStore::put(const Entity& entity) {
  const std::string revision = next_revision(entity.revision);
  const std::string document = entity.document.to_string();
  const bool is_new = entity.revision.empty();
  const std::lock_guard lock(mutex_);
  Statement& statement = is_new ? insert_ : replace_;
  const InUse in_use(statement);
  bind_entity(statement, entity, document, revision);
  if (!is_new) statement.bind(9, entity.revision);
  TRY(const bool row, statement.step());
  CHECK(!row);
  if (database_.changes() == 1) return revision;
  return base::Error{base::ErrorCode::kConflict, entity.id + " was changed by somebody else"};
}

base::Status SqliteEntityStore::remove(std::string_view id, std::string_view revision) {
  const std::lock_guard lock(mutex_);
  TRY_STATUS(remove_.bind(1, id).bind(2, revision).run());
  if (database_.changes() == 1) return {};
  const InUse in_use(exists_);
  TRY(const bool exists, exists_.bind(1, id).step());
  if (!exists) return base::Error{base::ErrorCode::kNotFound, std::string(id) + " does not exist"};
  return base::Error{base::ErrorCode::kConflict, std::string(id) + " was changed by somebody else"};
}

void SqliteEntityStore::bind_query(Statement& statement, const EntityQuery& query) {
  statement.bind(1, query.namespace_name).bind(2, static_cast<std::int64_t>(query.collection));
  if (query.path.has_value()) {
    statement.bind(3, *query.path);
  } else {
    statement.bind_null(3);
  }
}

base::Result<std::vector<Entity>> SqliteEntityStore::list(const EntityQuery& query) {
  const std::lock_guard lock(mutex_);
  const InUse in_use(list_);
  bind_query(list_, query);
  list_.bind(4, query.limit).bind(5, query.skip);
  std::vector<Entity> entities;
  while (true) {
    TRY(const bool row, list_.step());
    if (!row) return entities;
    TRY(Entity entity, read_entity(list_));
    entities.push_back(std::move(entity));
  }
}

base::Result<std::int64_t> SqliteEntityStore::count(const EntityQuery& query) {
  const std::lock_guard lock(mutex_);
  const InUse in_use(count_);
  bind_query(count_, query);
  TRY(const bool row, count_.step());
  CHECK(row);
  return count_.number(0);
}

}  // namespace

base::Result<std::unique_ptr<EntityStore>> open_sqlite_entity_store(const std::string& file) {
  TRY(Database database, Database::open(file, kSettings));
  auto store = std::make_unique<SqliteEntityStore>(std::move(database));
  TRY_STATUS(store->prepare());
  return std::unique_ptr<EntityStore>(std::move(store));
}

}  // namespace standalone
