// An action that keeps accounts in a SQLite database, with a volume as its root directory.
//
//   sqlite_process TREE JOURNAL make                      makes the database
//   sqlite_process TREE JOURNAL work ACTIVATION TRANSFERS -> did N...
//   sqlite_process TREE JOURNAL half                      begins a transfer, and leaves it -> half
//   sqlite_process TREE JOURNAL check                     -> ok TRANSFERS PARTS, or bad WHY
//
// TREE is a path of the volume, which may be a descriptor of another process. JOURNAL is SQLite's:
// delete, or wal. After its answers it waits for a line: "close", or "leave" without closing.
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

namespace {

constexpr int kAccounts = 2000;  // several pages are changed by one transfer
constexpr int kBalance = 100;
constexpr int kParts = 40;  // of a transfer

void say(const std::string& line) { std::cout << line + "\n" << std::flush; }

[[noreturn]] void end(const std::string& why) {
  say("bad " + why);
  std::_Exit(1);
}

class Accounts {
 public:
  explicit Accounts(const std::string& journal) {
    if (sqlite3_open("/accounts.db", &database_) != SQLITE_OK) end(sqlite3_errmsg(database_));
    // A small cache: pages go to the file before the commit, so that only the journal can undo it.
    run("PRAGMA cache_size=4; PRAGMA temp_store=MEMORY; PRAGMA journal_mode=" + journal);
  }
  ~Accounts() { sqlite3_close(database_); }
  Accounts(const Accounts&) = delete;
  Accounts& operator=(const Accounts&) = delete;

  void make() {
    run("BEGIN; CREATE TABLE accounts(id INTEGER PRIMARY KEY, balance INTEGER, note TEXT);"
        "CREATE TABLE parts(activation TEXT, transfer INTEGER, part INTEGER,"
        " PRIMARY KEY(activation, transfer, part))");
    for (int id = 0; id < kAccounts; ++id) {
      run("INSERT INTO accounts VALUES(" + std::to_string(id) + "," + std::to_string(kBalance) +
          ",'" + std::string(100, 'x') + "')");
    }
    run("COMMIT");
  }

  void transfer(const std::string& activation, int number, bool commit) {
    run("BEGIN IMMEDIATE");
    for (int part = 0; part < kParts; ++part) {
      move(-1);
      move(+1);
      run("INSERT INTO parts VALUES('" + activation + "'," + std::to_string(number) + "," +
          std::to_string(part) + ")");
    }
    if (commit) run("COMMIT");
  }

  void check() {
    const std::string whole = text("PRAGMA integrity_check");
    if (whole != "ok") end("integrity: " + whole);
    if (text("SELECT sum(balance) FROM accounts") != std::to_string(kAccounts * kBalance)) {
      end("money was made or lost");
    }
    const std::string half = text(
        "SELECT count(*) FROM (SELECT 1 FROM parts GROUP BY activation, transfer"
        " HAVING count(*) <> " +
        std::to_string(kParts) + ")");
    if (half != "0") end(half + " transfers are half");
    say("ok " + text("SELECT count(*) FROM parts WHERE part = 0") + " " +
        text("SELECT count(DISTINCT activation) FROM parts"));
  }

 private:
  void move(int amount) {
    const auto account = static_cast<int>(random_() % kAccounts);
    run("UPDATE accounts SET balance = balance + " + std::to_string(amount) +
        " WHERE id = " + std::to_string(account));
  }
  void run(const std::string& sql) {
    if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
      end(sql.substr(0, 60) + ": " + sqlite3_errmsg(database_));
    }
  }
  std::string text(const std::string& sql) {
    std::string found;
    const auto take = [](void* into, int, char** values, char**) {
      *static_cast<std::string*>(into) = values[0] == nullptr ? "" : values[0];
      return 0;
    };
    if (sqlite3_exec(database_, sql.c_str(), take, &found, nullptr) != SQLITE_OK) {
      end(sql.substr(0, 60) + ": " + sqlite3_errmsg(database_));
    }
    return found;
  }

  sqlite3* database_ = nullptr;
  std::mt19937 random_{std::random_device{}()};
};

void do_what(Accounts& accounts, const std::vector<std::string>& words) {
  const std::string& what = words.at(0);
  if (what == "make") {
    accounts.make();
    say("made");
  } else if (what == "work") {
    for (int i = 0; i < std::stoi(words.at(2)); ++i) {
      accounts.transfer(words.at(1), i, true);
      say("did " + std::to_string(i));
    }
  } else if (what == "half") {
    accounts.transfer("half", 0, false);
    say("half");
  } else {
    accounts.check();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const int tree = ::open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (tree < 0 || ::fchdir(tree) != 0 || ::chroot(".") != 0) end("no such volume");
  ::close(tree);
  Accounts accounts(argv[2]);
  do_what(accounts, {argv + 3, argv + argc});
  std::string line;
  std::getline(std::cin, line);
  if (line != "close") std::_Exit(0);
}
