// P5: SQLite in a volume; activations that move money at the same time.
#include <sqlite3.h>

#include <atomic>
#include <random>

#include "experiments.h"
#include "stage.h"

namespace volumes_bench {
namespace {

using base::Result;
using base::Status;

constexpr int kAccounts = 20, kActivations = 4, kTransfers = 50, kTries = 50;
constexpr std::int64_t kEach = 1000;

class Database {
 public:
  static Result<std::unique_ptr<Database>> open(const Path& path) {
    std::unique_ptr<Database> database(new Database);
    if (::sqlite3_open(path.c_str(), &database->handle_) != SQLITE_OK) return database->error();
    ::sqlite3_busy_timeout(database->handle_, 10'000);
    return database;
  }
  ~Database() { ::sqlite3_close(handle_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Status run(const std::string& sql) {
    if (::sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    return error();
  }

  Result<std::int64_t> number(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    if (::sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK ||
        ::sqlite3_step(statement) != SQLITE_ROW) {
      ::sqlite3_finalize(statement);
      return error();
    }
    const std::int64_t value = ::sqlite3_column_int64(statement, 0);
    ::sqlite3_finalize(statement);
    return value;
  }

 private:
  Database() = default;
  base::Error error() const {
    return {base::ErrorCode::kInternal, std::string("SQLite: ") + ::sqlite3_errmsg(handle_)};
  }

  sqlite3* handle_ = nullptr;
};

Status make_accounts(const Path& root) {
  TRY(const auto database, Database::open(root / "bank.db"));
  TRY_STATUS(database->run("CREATE TABLE account(id INTEGER PRIMARY KEY, cents INTEGER); BEGIN"));
  for (int i = 0; i < kAccounts; ++i)
    TRY_STATUS(database->run("INSERT INTO account VALUES(" + std::to_string(i) + "," +
                             std::to_string(kEach) + ")"));
  return database->run("COMMIT");
}

Status transfer(const Path& root, unsigned seed) {
  TRY(const auto database, Database::open(root / "bank.db"));
  std::mt19937 random(seed);
  for (int i = 0; i < kTransfers; ++i) {
    const auto change = [&](const char* sign) {
      return "UPDATE account SET cents = cents " + std::string(sign) +
             " 1 WHERE id = " + std::to_string(random() % kAccounts) + "; ";
    };
    TRY_STATUS(database->run("BEGIN IMMEDIATE; " + change("-") + change("+") +
                             "UPDATE moved SET count = count + 1; COMMIT"));
  }
  return {};
}

// Until it is committed, as `retry` in the hints has it.
Status transfer_somehow(Subject& subject, int i, std::atomic<int>& retries) {
  for (int round = 0;; ++round) {
    const auto done = activation(
        subject, i % 2 == 0 ? kNodeA : kNodeB,
        [&](const Path& root) { return transfer(root, static_cast<unsigned>(i)); }, "bank");
    if (done.ok() || done.error().code != base::ErrorCode::kConflict || round == kTries)
      return done;
    ++retries;
  }
}

Result<Row> bank(Subject& subject) {
  const Status made = activation(
      subject, kNodeA,
      [](const Path& root) -> Status {
        TRY_STATUS(make_accounts(root));
        TRY(const auto database, Database::open(root / "bank.db"));
        return database->run("CREATE TABLE moved(count INTEGER); INSERT INTO moved VALUES(0)");
      },
      "bank");
  TRY_STATUS(made);
  std::atomic<int> retries = 0;
  std::vector<std::function<Status()>> work;
  for (int i = 0; i < kActivations; ++i)
    work.emplace_back([&, i] { return transfer_somehow(subject, i, retries); });
  TRY(const double taken, timed([&] { return at_once(work); }));
  std::int64_t sum = 0, moved = 0;
  const Status counted = activation(
      subject, kNodeB,
      [&](const Path& root) -> Status {
        TRY(const auto database, Database::open(root / "bank.db"));
        TRY(sum, database->number("SELECT SUM(cents) FROM account"));
        TRY(moved, database->number("SELECT count FROM moved"));
        return {};
      },
      "bank");
  TRY_STATUS(counted);
  TRY_STATUS(activation(
      subject, kNodeA, [](const Path& root) { return remove_file(root / "bank.db"); }, "bank"));
  return Row{{"total s", taken},
             {"retries", retries},
             {"wrong cents", static_cast<double>(sum - kAccounts * kEach)},
             {"lost transfers", static_cast<double>(kActivations * kTransfers - moved)}};
}

}  // namespace

void databases(World& world) {
  world.measure("P5", "SQLite in a volume: 4 activations at once with 50 transfers each",
                world.only({kNative, kDurable, kCephFs}), {3, 1, 12},
                [](Subject& subject, int) { return bank(subject); });
}

}  // namespace volumes_bench
