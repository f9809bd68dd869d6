#include "standalone/sqlite_activation_store.h"

#include <mutex>
#include <thread>

#include "base_sqlite/sqlite.h"
#include "record_queue.h"
#include "sqlite_settings.h"

namespace standalone {
namespace {

using base_sqlite::Database;
using base_sqlite::InUse;
using base_sqlite::Statement;

constexpr int kSchemaVersion = 1;
// `number` grows with every record: the oldest are those with the smallest.
constexpr const char* kSchema = R"(
  CREATE TABLE activations(
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    namespace TEXT NOT NULL,
    filter_name TEXT NOT NULL,
    start INTEGER NOT NULL,
    document TEXT NOT NULL);
  CREATE UNIQUE INDEX activations_by_id ON activations(id, namespace);
  CREATE INDEX activations_by_time ON activations(namespace, start DESC);
  CREATE INDEX activations_by_name ON activations(namespace, filter_name, start DESC);
)";
// Activations under way, each with the record it gets if the process ends before it does.
constexpr const char* kAcceptedSchema = R"(
  CREATE TABLE IF NOT EXISTS accepted(
    id TEXT NOT NULL,
    namespace TEXT NOT NULL,
    filter_name TEXT NOT NULL,
    start INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY(id, namespace)) WITHOUT ROWID;
)";
constexpr std::int64_t kPurgeRecordsMax = 2000;  // thrown away in one commit

base::Result<base::Json> parse_document(std::string_view text) {
  auto document = base::Json::parse(text);
  if (document.ok() && document->is_object()) return document;
  return base::Error{base::ErrorCode::kDataLoss, "the record of an activation is unreadable"};
}

// The writer's half: one connection, one thread.
class Writer {
 public:
  Writer(Database database, const ActivationStoreConfig& config, const base::Clock& clock)
      : database_(std::move(database)), config_(config), clock_(clock) {}

  base::Status prepare();
  std::int64_t interrupted() const { return interrupted_; }
  // One commit, then every `done`.
  void write(std::vector<WaitingRecord>& batch);

 private:
  base::Status adopt_interrupted();
  base::Status insert_all(std::vector<WaitingRecord>& batch, std::vector<base::Status>& outcomes);
  base::Status insert(const ActivationRecord& record);
  base::Status accept(const ActivationRecord& record);
  base::Status purge();

  Database database_;
  const ActivationStoreConfig config_;
  const base::Clock& clock_;
  Statement begin_, commit_, rollback_, insert_, accept_, settle_, purge_count_, purge_age_;
  std::int64_t interrupted_ = 0;
};

void bind_record(Statement& statement, const ActivationRecord& record) {
  statement.bind(1, record.activation_id)
      .bind(2, record.namespace_name)
      .bind(3, record.filter_name)
      .bind(4, record.start_ms)
      .bind(5, record.document);
}

base::Status Writer::prepare() {
  TRY_STATUS(database_.set_schema(kSchemaVersion, kSchema));
  TRY_STATUS(adopt_interrupted());
  TRY(begin_, database_.prepare("BEGIN IMMEDIATE"));
  TRY(commit_, database_.prepare("COMMIT"));
  TRY(rollback_, database_.prepare("ROLLBACK"));
  TRY(insert_, database_.prepare("INSERT INTO activations(id, namespace, filter_name, start,"
                                 " document) VALUES(?1,?2,?3,?4,?5)"));
  TRY(accept_, database_.prepare(
                   "INSERT OR IGNORE INTO accepted(id, namespace, filter_name, start, document)"
                   " SELECT ?1,?2,?3,?4,?5 WHERE NOT EXISTS"
                   " (SELECT 1 FROM activations WHERE id=?1 AND namespace=?2)"));
  TRY(settle_, database_.prepare("DELETE FROM accepted WHERE id=?1 AND namespace=?2"));
  TRY(purge_count_,
      database_.prepare("DELETE FROM activations WHERE number IN (SELECT number FROM activations"
                        " WHERE number <= (SELECT MAX(number) FROM activations) - ?1"
                        " ORDER BY number LIMIT ?2)"));
  TRY(purge_age_, database_.prepare("DELETE FROM activations WHERE number IN (SELECT number FROM"
                                    " activations ORDER BY number LIMIT ?2) AND start < ?1"));
  return {};
}

// What an earlier process accepted and did not finish.
base::Status Writer::adopt_interrupted() {
  TRY_STATUS(database_.execute(kAcceptedSchema));
  TRY_STATUS(database_.execute("BEGIN IMMEDIATE"));
  TRY_STATUS(database_.execute(
      "INSERT OR IGNORE INTO activations(id, namespace, filter_name, start, document)"
      " SELECT id, namespace, filter_name, start, document FROM accepted ORDER BY start"));
  interrupted_ = database_.changes();
  TRY_STATUS(database_.execute("DELETE FROM accepted"));
  return database_.execute("COMMIT");
}

base::Status Writer::accept(const ActivationRecord& record) {
  bind_record(accept_, record);
  return accept_.run();
}

base::Status Writer::insert(const ActivationRecord& record) {
  TRY_STATUS(settle_.bind(1, record.activation_id).bind(2, record.namespace_name).run());
  bind_record(insert_, record);
  base::Status status = insert_.run();
  if (status.ok() || status.error().code != base::ErrorCode::kConflict) return status;
  return base::Error{base::ErrorCode::kAlreadyExists,
                     "activation " + record.activation_id + " has a record already"};
}

base::Status Writer::purge() {
  TRY_STATUS(purge_count_.bind(1, config_.records_max).bind(2, kPurgeRecordsMax).run());
  if (!config_.age_max.has_value()) return {};
  const std::int64_t oldest_ms = base::epoch_ms(clock_.wall() - *config_.age_max);
  return purge_age_.bind(1, oldest_ms).bind(2, kPurgeRecordsMax).run();
}

// A record that exists already spoils itself only; any other failure spoils the whole commit.
base::Status Writer::insert_all(std::vector<WaitingRecord>& batch,
                                std::vector<base::Status>& outcomes) {
  TRY_STATUS(begin_.run());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const bool finished = batch[i].kind == WaitingRecord::Kind::kFinished;
    outcomes[i] = finished ? insert(batch[i].record) : accept(batch[i].record);
    if (!outcomes[i].ok() && outcomes[i].error().code != base::ErrorCode::kAlreadyExists) {
      return outcomes[i];
    }
  }
  TRY_STATUS(purge());
  return commit_.run();
}

void Writer::write(std::vector<WaitingRecord>& batch) {
  std::vector<base::Status> outcomes(batch.size());
  const base::Status whole = insert_all(batch, outcomes);
  if (!whole.ok()) {
    // Nothing to be done if even this fails: the transaction is then not open.
    [[maybe_unused]] const base::Status status = rollback_.run();
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (batch[i].done) batch[i].done(whole.ok() ? outcomes[i] : whole);
  }
}

// The readers' half: one connection that callers take in turn.
class Reader {
 public:
  explicit Reader(Database database) : database_(std::move(database)) {}

  base::Status prepare();
  base::Result<base::Json> get(std::string_view namespace_name, std::string_view activation_id);
  base::Result<std::vector<base::Json>> list(const ActivationQuery& query);
  base::Result<std::int64_t> count(const ActivationQuery& query);

 private:
  static void bind_query(Statement& statement, const ActivationQuery& query);

  std::mutex mutex_;  // guards everything below
  Database database_;
  // With and without a name: each has an index of its own.
  Statement get_, list_, list_name_, count_, count_name_;
};

base::Status Reader::prepare() {
  const std::string where = " FROM activations WHERE namespace=?1 AND start BETWEEN ?2 AND ?3";
  const std::string name = " AND filter_name=?6";
  const std::string order = " ORDER BY start DESC, number DESC LIMIT ?4 OFFSET ?5";
  TRY(get_, database_.prepare("SELECT document FROM activations WHERE id=?1 AND namespace=?2"));
  TRY(list_, database_.prepare("SELECT document" + where + order));
  TRY(list_name_, database_.prepare("SELECT document" + where + name + order));
  TRY(count_,
      database_.prepare("SELECT COUNT(*)" + where + " AND ?4 IS NOT NULL AND ?5 IS NOT NULL"));
  TRY(count_name_, database_.prepare("SELECT COUNT(*)" + where + name +
                                     " AND ?4 IS NOT NULL AND ?5 IS NOT NULL"));
  return {};
}

base::Result<base::Json> Reader::get(std::string_view namespace_name,
                                     std::string_view activation_id) {
  const std::lock_guard lock(mutex_);
  const InUse in_use(get_);
  TRY(const bool found, get_.bind(1, activation_id).bind(2, namespace_name).step());
  if (found) return parse_document(get_.bytes(0));
  return base::Error{base::ErrorCode::kNotFound,
                     "no record of activation " + std::string(activation_id)};
}

void Reader::bind_query(Statement& statement, const ActivationQuery& query) {
  statement.bind(1, query.namespace_name)
      .bind(2, query.since_ms.value_or(INT64_MIN))
      .bind(3, query.upto_ms.value_or(INT64_MAX))
      .bind(4, query.limit)
      .bind(5, query.skip);
  if (query.filter_name.has_value()) statement.bind(6, *query.filter_name);
}

base::Result<std::vector<base::Json>> Reader::list(const ActivationQuery& query) {
  const std::lock_guard lock(mutex_);
  Statement& statement = query.filter_name.has_value() ? list_name_ : list_;
  const InUse in_use(statement);
  bind_query(statement, query);
  std::vector<base::Json> documents;
  while (true) {
    TRY(const bool row, statement.step());
    if (!row) return documents;
    TRY(base::Json document, parse_document(statement.bytes(0)));
    documents.push_back(std::move(document));
  }
}

base::Result<std::int64_t> Reader::count(const ActivationQuery& query) {
  const std::lock_guard lock(mutex_);
  Statement& statement = query.filter_name.has_value() ? count_name_ : count_;
  const InUse in_use(statement);
  bind_query(statement, query);
  TRY(const bool row, statement.step());
  CHECK(row);
  return statement.number(0);
}

class SqliteActivationStore final : public ActivationStore {
 public:
  SqliteActivationStore(const ActivationStoreConfig& config, const base::Clock& clock,
                        Database writing, Database reading)
      : batch_max_(config.batch_max),
        queue_(config.queue_max),
        writer_(std::move(writing), config, clock),
        reader_(std::move(reading)) {}
  ~SqliteActivationStore() override {
    queue_.close();
    if (thread_.joinable()) thread_.join();
  }

  base::Status start() {
    TRY_STATUS(writer_.prepare());
    TRY_STATUS(reader_.prepare());
    thread_ = std::thread([this] { work(); });
    return {};
  }
  void put(ActivationRecord record, Done done) override {
    push({WaitingRecord::Kind::kFinished, std::move(record), std::move(done)});
  }
  void accept(ActivationRecord record, Done done) override {
    push({WaitingRecord::Kind::kAccepted, std::move(record), std::move(done)});
  }
  std::int64_t interrupted() const override { return writer_.interrupted(); }
  base::Result<base::Json> get(std::string_view namespace_name,
                               std::string_view activation_id) override {
    return reader_.get(namespace_name, activation_id);
  }
  base::Result<std::vector<base::Json>> list(const ActivationQuery& query) override {
    return reader_.list(query);
  }
  base::Result<std::int64_t> count(const ActivationQuery& query) override {
    return reader_.count(query);
  }

 private:
  void push(WaitingRecord waiting) {
    CHECK(queue_.push(std::move(waiting)));  // closed only by the destructor
  }
  void work() {
    while (true) {
      std::vector<WaitingRecord> batch = queue_.take(batch_max_);
      if (batch.empty()) return;
      writer_.write(batch);
    }
  }

  const std::size_t batch_max_;
  RecordQueue queue_;
  Writer writer_;  // used by thread_ only, once it runs
  Reader reader_;
  std::thread thread_;
};

}  // namespace

base::Result<std::unique_ptr<ActivationStore>> open_sqlite_activation_store(
    const ActivationStoreConfig& config, const base::Clock& clock) {
  TRY(Database writing, Database::open(config.file, kSettings));
  TRY(Database reading, Database::open(config.file, kSettings));
  auto store = std::make_unique<SqliteActivationStore>(config, clock, std::move(writing),
                                                       std::move(reading));
  TRY_STATUS(store->start());
  return std::unique_ptr<ActivationStore>(std::move(store));
}

}  // namespace standalone
