// SQLite, as far as it is used here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace storage_embedded {

struct DatabaseCloser {
  void operator()(sqlite3* database) const;
};
struct StatementCloser {
  void operator()(sqlite3_stmt* statement) const;
};

// A prepared statement, run again and again. Threads: one at a time, as its database.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  // Blobs are not copied: they must live until reset().
  Statement& bind(int position, std::string_view bytes);
  Statement& bind(int position, std::int64_t number);
  // True: there is a row.
  base::Result<bool> step();
  // Steps through to the end, and resets.
  base::Status run();
  void reset();

  std::string bytes(int column) const;
  std::int64_t number(int column) const;

  // Resets a statement at the end of a scope.
  class Use {
   public:
    explicit Use(Statement& statement) : statement_(statement) {}
    ~Use() { statement_.reset(); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    Statement& statement_;
  };

 private:
  std::unique_ptr<sqlite3_stmt, StatementCloser> statement_;
};

// One connection. Threads: one at a time.
class Database {
 public:
  // With the write-ahead log, and every commit on the disk when it is answered.
  static base::Result<Database> open(const std::string& file);

  base::Status execute(const std::string& sql);
  base::Result<Statement> prepare(std::string_view sql);
  base::Result<std::int64_t> number(const std::string& sql);

 private:
  explicit Database(sqlite3* database) : database_(database) {}

  std::unique_ptr<sqlite3, DatabaseCloser> database_;
};

}  // namespace storage_embedded
