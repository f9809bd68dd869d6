#include "base_sqlite/sqlite.h"

#include <sqlite3.h>

namespace base_sqlite {
namespace {

// Readers meet the lock for the moment in which a checkpoint starts the log anew, no longer.
constexpr int kBusyWaitMs = 10'000;

base::ErrorCode code_of(int result) {
  switch (result & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return base::ErrorCode::kDataLoss;
    case SQLITE_FULL:
      return base::ErrorCode::kNoSpace;
    case SQLITE_TOOBIG:
      return base::ErrorCode::kInvalidArgument;
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return base::ErrorCode::kPermissionDenied;
    case SQLITE_CONSTRAINT:
      return base::ErrorCode::kConflict;
    default:
      return base::ErrorCode::kUnavailable;
  }
}

base::Error error_of(sqlite3* database, std::string_view what) {
  return {code_of(sqlite3_extended_errcode(database)),
          std::string(what) + ": " + sqlite3_errmsg(database)};
}

}  // namespace

void DatabaseCloser::operator()(sqlite3* database) const { sqlite3_close_v2(database); }
void StatementCloser::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement& Statement::bind(int position, std::string_view text) {
  CHECK(sqlite3_bind_text64(statement_.get(), position, text.data() != nullptr ? text.data() : "",
                            text.size(), SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int position, std::int64_t number) {
  CHECK(sqlite3_bind_int64(statement_.get(), position, number) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_blob(int position, std::string_view bytes) {
  CHECK(sqlite3_bind_blob64(statement_.get(), position, bytes.data() != nullptr ? bytes.data() : "",
                            bytes.size(), SQLITE_STATIC) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_null(int position) {
  CHECK(sqlite3_bind_null(statement_.get(), position) == SQLITE_OK);
  return *this;
}

base::Result<bool> Statement::step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return error_of(sqlite3_db_handle(statement_.get()), sqlite3_sql(statement_.get()));
}

base::Status Statement::run() {
  const InUse in_use(*this);
  TRY(const bool row, step());
  CHECK(!row);
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::string_view Statement::bytes(int column) const {
  // The pointer first: asking for the size may otherwise convert.
  const void* start = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {static_cast<const char*>(start), static_cast<std::size_t>(size)};
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

base::Result<Database> Database::open(const std::string& file, const std::string& settings) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int result = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  Database database(handle);
  if (result != SQLITE_OK) return error_of(handle, "cannot open " + file);
  sqlite3_busy_timeout(handle, kBusyWaitMs);
  if (auto status = database.execute(settings + ";PRAGMA journal_mode=WAL"); !status.ok()) {
    return base::Error{status.error().code, "cannot use " + file + ": " + status.error().message};
  }
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

base::Result<std::int64_t> Database::number(std::string_view sql) {
  TRY(Statement statement, prepare(sql));
  TRY(const bool row, statement.step());
  CHECK(row);
  return statement.number(0);
}

std::int64_t Database::changes() const { return sqlite3_changes64(database_.get()); }

base::Status Database::set_schema(int version, const std::string& sql) {
  TRY(const std::int64_t present, number("PRAGMA user_version"));
  if (present == version) return {};
  if (present != 0) {
    return base::Error{base::ErrorCode::kUnsupported,
                       "the database has schema " + std::to_string(present) +
                           ", and this program knows schema " + std::to_string(version)};
  }
  return execute("BEGIN IMMEDIATE;" + sql + ";PRAGMA user_version=" + std::to_string(version) +
                 ";COMMIT;");
}

}  // namespace base_sqlite
