// SQLite, with results in place of return codes. Only sqlite.cc includes the library.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace base_sqlite {

struct DatabaseCloser {
  void operator()(sqlite3* database) const;
};
struct StatementCloser {
  void operator()(sqlite3_stmt* statement) const;
};

// One prepared statement. Texts and blobs that are bound must live until the next reset().
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  // Positions count from 1, as in SQL.
  Statement& bind(int position, std::string_view text);
  Statement& bind(int position, std::int64_t number);
  Statement& bind_blob(int position, std::string_view bytes);
  Statement& bind_null(int position);

  // True when there is a row, false at the end. Errors as Database.
  base::Result<bool> step();
  // For statements without rows: step and reset.
  base::Status run();
  void reset();

  // Columns count from 0. The bytes of a text or a blob are good until the next step() or reset().
  std::string_view bytes(int column) const;
  std::int64_t number(int column) const;
  bool is_null(int column) const;

 private:
  std::unique_ptr<sqlite3_stmt, StatementCloser> statement_;
};

// Gives the statement back when it goes out of scope, on every path.
class InUse {
 public:
  explicit InUse(Statement& statement) : statement_(statement) {}
  ~InUse() { statement_.reset(); }
  InUse(const InUse&) = delete;
  InUse& operator=(const InUse&) = delete;

 private:
  Statement& statement_;
};

// One connection. Threads: one at a time.
// Errors: kDataLoss (no database, or a damaged one), kNoSpace, kConflict (a constraint),
// kInvalidArgument (too large), kPermissionDenied, kUnavailable (everything else).
class Database {
 public:
  // Opens or creates, in WAL mode: what is committed survives the end of the process at any moment.
  // `settings` are statements that are executed at once; `PRAGMA synchronous` says whether a commit
  // survives the loss of power, too.
  static base::Result<Database> open(const std::string& file, const std::string& settings);

  base::Status execute(const std::string& sql);
  base::Result<Statement> prepare(std::string_view sql);
  // The first number of the first row, which there must be.
  base::Result<std::int64_t> number(std::string_view sql);
  // Rows changed by the last statement.
  std::int64_t changes() const;

  // Brings the schema up to `version`, whose whole text is `sql`, when the file is new. Errors:
  // kUnsupported when the file has a later version.
  base::Status set_schema(int version, const std::string& sql);

 private:
  explicit Database(sqlite3* database) : database_(database) {}
  std::unique_ptr<sqlite3, DatabaseCloser> database_;
};

}  // namespace base_sqlite
