#include "metadata_tables.h"

#include <utility>

#include "storage/object_rules.h"

namespace storage_embedded {
namespace {

using base::Result;
using storage::ObjectId;
using storage::ObjectVersion;
using storage::ObjectWrite;

constexpr int kSchema = 1;

// An object's bytes are apart from its version, which changes with every entry of its map.
constexpr const char* kTables =
    "CREATE TABLE objects(id INTEGER PRIMARY KEY, space BLOB NOT NULL, name BLOB NOT NULL,"
    " version INTEGER NOT NULL, UNIQUE(space, name));"
    "CREATE TABLE data(object INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
    "CREATE TABLE omap(object INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,"
    " PRIMARY KEY(object, key)) WITHOUT ROWID;"
    "CREATE TABLE versions(reserved INTEGER NOT NULL);"
    "INSERT INTO versions VALUES(0);";

// Versions are never used twice; reserving many at once saves a page in each commit.
constexpr ObjectVersion kReserve = 1'000'000;

}  // namespace

base::Status set_up_tables(Database& database) { return database.set_schema(kSchema, kTables); }

Result<MetadataTables> MetadataTables::open(Database& database) {
  MetadataTables tables;
  const std::pair<Statement*, const char*> statements[] = {
      {&tables.find_, "SELECT id, version FROM objects WHERE space=?1 AND name=?2"},
      {&tables.value_, "SELECT value FROM omap WHERE object=?1 AND key=?2"},
      {&tables.insert_,
       "INSERT INTO objects(space, name, version) VALUES(?1, ?2, ?3) RETURNING id"},
      {&tables.set_version_, "UPDATE objects SET version=?2 WHERE id=?1"},
      {&tables.remove_object_, "DELETE FROM objects WHERE id=?1"},
      {&tables.remove_data_, "DELETE FROM data WHERE object=?1"},
      {&tables.remove_map_, "DELETE FROM omap WHERE object=?1"},
      {&tables.set_data_, "REPLACE INTO data(object, bytes) VALUES(?1, ?2)"},
      {&tables.remove_key_, "DELETE FROM omap WHERE object=?1 AND key=?2"},
      {&tables.set_key_, "REPLACE INTO omap(object, key, value) VALUES(?1, ?2, ?3)"},
      {&tables.read_reserved_, "SELECT reserved FROM versions"},
      {&tables.reserve_, "UPDATE versions SET reserved=?1"},
  };
  for (const auto& [statement, sql] : statements) {
    TRY(*statement, database.prepare(sql));
  }
  TRY_STATUS(tables.forget_reserved());
  tables.version_ = tables.reserved_;
  return tables;
}

base::Status MetadataTables::forget_reserved() {
  const InUse use(read_reserved_);
  TRY(const bool row, read_reserved_.step());
  CHECK(row);
  reserved_ = static_cast<ObjectVersion>(read_reserved_.number(0));
  return {};
}

Result<ObjectVersion> MetadataTables::next_version() {
  if (version_ >= reserved_) {
    const ObjectVersion reserved = version_ + kReserve;
    TRY_STATUS(reserve_.bind(1, static_cast<std::int64_t>(reserved)).run());
    reserved_ = reserved;
  }
  return ++version_;
}

Result<std::optional<MetadataTables::Row>> MetadataTables::find(const ObjectId& object) {
  const InUse use(find_);
  TRY(const bool row, find_.bind_blob(1, object.space).bind_blob(2, object.name).step());
  if (!row) return std::optional<Row>();
  return std::optional(Row{find_.number(0), static_cast<ObjectVersion>(find_.number(1))});
}

Result<std::string> MetadataTables::value_of(std::int64_t id, const std::string& key) {
  const InUse use(value_);
  TRY(const bool row, value_.bind(1, id).bind_blob(2, key).step());
  return std::string(row ? value_.bytes(0) : "");
}

Result<std::optional<base::Error>> MetadataTables::check_guards(const ObjectId& object,
                                                                const ObjectWrite& change,
                                                                const std::optional<Row>& row) {
  using Failed = std::optional<base::Error>;
  if (row && change.absent) return Failed(object_exists(object));
  if (!row && (change.present || change.version)) return Failed(object_missing(object));
  if (change.version && *change.version != row->version) return Failed(object_changed(object));
  for (const auto& [key, expected] : change.omap_equals) {
    std::string value;
    if (row) {
      TRY(value, value_of(row->id, key));
    }
    if (value != expected) return Failed(object_changed(object));
  }
  if (!row && change.remove) return Failed(object_missing(object));
  return Failed();
}

base::Status MetadataTables::remove(std::int64_t id) {
  TRY_STATUS(remove_map_.bind(1, id).run());
  TRY_STATUS(remove_data_.bind(1, id).run());
  return remove_object_.bind(1, id).run();
}

Result<std::int64_t> MetadataTables::make(const ObjectId& object, ObjectVersion version) {
  const InUse use(insert_);
  insert_.bind_blob(1, object.space)
      .bind_blob(2, object.name)
      .bind(3, static_cast<std::int64_t>(version));
  TRY(const bool row, insert_.step());
  CHECK(row);
  const std::int64_t id = insert_.number(0);
  TRY(const bool more, insert_.step());  // the row counts once the statement has ended
  CHECK(!more);
  return id;
}

base::Status MetadataTables::do_steps(std::int64_t id, const ObjectWrite& change) {
  if (change.data) TRY_STATUS(set_data_.bind(1, id).bind_blob(2, *change.data).run());
  for (const auto& key : change.omap_remove) {
    TRY_STATUS(remove_key_.bind(1, id).bind_blob(2, key).run());
  }
  for (const auto& [key, value] : change.omap_set) {
    TRY_STATUS(set_key_.bind(1, id).bind_blob(2, key).bind_blob(3, value).run());
  }
  return {};
}

base::Status MetadataTables::apply(const ObjectId& object, const ObjectWrite& change,
                                   Result<ObjectVersion>& answer) {
  TRY(const std::optional<Row> row, find(object));
  TRY(std::optional<base::Error> failed, check_guards(object, change, row));
  if (failed) {
    answer = *std::move(failed);
    return {};
  }
  if (change.remove) {
    answer = ObjectVersion{0};
    return remove(row->id);
  }
  if (row && !has_steps(change)) {
    answer = row->version;
    return {};
  }
  TRY(const ObjectVersion version, next_version());
  std::int64_t id = 0;
  if (row) {
    id = row->id;
    TRY_STATUS(set_version_.bind(1, id).bind(2, static_cast<std::int64_t>(version)).run());
  } else {
    TRY(id, make(object, version));
  }
  answer = version;
  return do_steps(id, change);
}

}  // namespace storage_embedded
