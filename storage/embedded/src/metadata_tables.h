// The tables that hold metadata objects, and changes of them.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base_sqlite/sqlite.h"
#include "storage/object_store.h"

namespace storage_embedded {

using base_sqlite::Database;
using base_sqlite::InUse;
using base_sqlite::Statement;

// Of every connection. synchronous=FULL: the log is on the disk before a commit is answered, and
// before it is seen. A log of 16 MiB is put into the tables; its file stays, as writing over it
// costs no new blocks.
inline constexpr const char* kSettings =
    "PRAGMA page_size=4096; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000;"
    "PRAGMA cache_size=-16384";

// Makes the tables where they are missing. kUnsupported when a newer program made them.
base::Status set_up_tables(Database& database);

// Changes, inside a transaction of the caller. Threads: one at a time.
class MetadataTables {
 public:
  static base::Result<MetadataTables> open(Database& database);

  // The status is the database's: with an error the transaction must be rolled back. What the
  // caller of the store is told, failed guards too, is put into `answer`.
  base::Status apply(const storage::ObjectId& object, const storage::ObjectWrite& change,
                     base::Result<storage::ObjectVersion>& answer);
  // After a transaction was rolled back: numbers it reserved were not.
  base::Status forget_reserved();

 private:
  struct Row {
    std::int64_t id = 0;
    storage::ObjectVersion version = 0;
  };
  MetadataTables() = default;

  base::Result<std::optional<Row>> find(const storage::ObjectId& object);
  base::Result<std::optional<base::Error>> check_guards(const storage::ObjectId& object,
                                                        const storage::ObjectWrite& change,
                                                        const std::optional<Row>& row);
  base::Result<std::string> value_of(std::int64_t id, const std::string& key);
  base::Status remove(std::int64_t id);
  base::Result<std::int64_t> make(const storage::ObjectId& object, storage::ObjectVersion version);
  base::Status do_steps(std::int64_t id, const storage::ObjectWrite& change);
  base::Result<storage::ObjectVersion> next_version();

  Statement find_, value_, insert_, set_version_;
  Statement remove_object_, remove_data_, remove_map_;
  Statement set_data_, remove_key_, set_key_, read_reserved_, reserve_;
  storage::ObjectVersion version_ = 0, reserved_ = 0;
};

}  // namespace storage_embedded
