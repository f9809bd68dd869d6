#include "database.h"

#include <sqlite3.h>

namespace storage_embedded {
namespace {

using base::ErrorCode;

// Readers meet the lock for the moment in which a checkpoint starts the log anew, no longer.
constexpr int kBusyWaitMs = 10'000;

// synchronous=FULL: the log is on the disk before a commit is answered, and before it is seen. A
// log of 16 MiB is put into the tables; its file stays, as writing over it costs no new blocks.
constexpr const char* kSettings =
    "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-16384;";

ErrorCode code_of(int result) {
  switch (result & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return ErrorCode::kDataLoss;
    case SQLITE_FULL:
      return ErrorCode::kNoSpace;
    case SQLITE_TOOBIG:
      return ErrorCode::kInvalidArgument;
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return ErrorCode::kPermissionDenied;
    default:
      return ErrorCode::kUnavailable;
  }
}

base::Error error_of(sqlite3* database, std::string_view what) {
  return {code_of(sqlite3_extended_errcode(database)),
          "SQLite, " + std::string(what) + ": " + sqlite3_errmsg(database)};
}

}  // namespace

void DatabaseCloser::operator()(sqlite3* database) const { sqlite3_close_v2(database); }
void StatementCloser::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement& Statement::bind(int position, std::string_view bytes) {
  // A null pointer would be NULL, which is no empty blob.
  const char* start = bytes.data() != nullptr ? bytes.data() : "";
  CHECK(sqlite3_bind_blob64(statement_.get(), position, start, bytes.size(), SQLITE_STATIC) ==
        SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int position, std::int64_t number) {
  CHECK(sqlite3_bind_int64(statement_.get(), position, number) == SQLITE_OK);
  return *this;
}

base::Result<bool> Statement::step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return error_of(sqlite3_db_handle(statement_.get()), sqlite3_sql(statement_.get()));
}

base::Status Statement::run() {
  const Use use(*this);
  TRY(const bool row, step());
  CHECK(!row);
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::string Statement::bytes(int column) const {
  // The pointer first: asking for the size may otherwise convert.
  const auto* start = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return size == 0 ? std::string() : std::string(start, size);
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

base::Result<Database> Database::open(const std::string& file) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int result = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  Database database(handle);
  if (result != SQLITE_OK) return error_of(handle, "opening " + file);
  sqlite3_busy_timeout(handle, kBusyWaitMs);
  TRY_STATUS(database.execute(kSettings));
  return database;
}

base::Status Database::execute(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return error_of(database_.get(), sql);
}

base::Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) return error_of(database_.get(), sql);
  return Statement(statement);
}

base::Result<std::int64_t> Database::number(const std::string& sql) {
  TRY(Statement statement, prepare(sql));
  TRY(const bool row, statement.step());
  CHECK(row);
  return statement.number(0);
}

}  // namespace storage_embedded
