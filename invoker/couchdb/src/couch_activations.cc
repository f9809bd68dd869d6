#include "invoker_couchdb/couch_activations.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/check.h"
#include "bulk_writer.h"
#include "record_queue.h"
#include "spill.h"

namespace invoker_couchdb {
namespace {

using Documents = std::vector<std::string>;
using Lock = std::unique_lock<std::mutex>;

constexpr std::string_view kComponent = "CouchActivations";

base::Instant now() { return std::chrono::steady_clock::now(); }

}  // namespace

class CouchActivations::Impl {
 public:
  Impl(CouchActivationsConfig config, std::unique_ptr<Spill> spill, const base::Logger& log)
      : config_(std::move(config)),
        log_(log),
        spill_(std::move(spill)),
        writer_(config_.couch, cancelled_),
        queue_(config_.memory_bytes_max),
        pause_(config_.retry_first),
        spill_pause_(config_.retry_first) {
    thread_ = std::thread([this] { run(); });
  }
  ~Impl();

  base::Status store(invoker::ActivationRecord record);
  bool flush(base::Instant deadline);
  CouchActivationsStats stats() const;

 private:
  void run();
  void wait_for_work(Lock& lock);
  void write_queue(Lock& lock);
  void write_spilled(Lock& lock);
  Documents write(Lock& lock, Documents& documents);
  Documents put_off(const BulkWriter::Outcome& outcome, Documents& documents);
  void settle(const BulkWriter::Outcome& outcome, const Documents& documents);
  void failed(const base::Error& error);
  void spill_queue(Lock& lock);
  bool spill(Lock& lock, const Documents& documents);
  bool may_read_spilled() const { return !spill_->empty() && !is_away() && now() >= spill_after_; }
  bool is_away() const { return !stats_.available && now() < retry_at_; }
  bool is_done() const { return queue_.empty() && !writing_ && spill_->empty(); }

  const CouchActivationsConfig config_;
  const base::Logger log_;
  const std::unique_ptr<Spill> spill_;
  std::atomic<bool> cancelled_ = false;
  BulkWriter writer_;  // of the thread

  mutable std::mutex mutex_;         // guards everything below; Spill's own comes after it
  std::condition_variable changed_;  // for the thread
  std::condition_variable settled_;  // for those who wait for room, for word of it, or for the end
  RecordQueue queue_;
  bool writing_ = false;  // the thread has records in its hands
  bool stopping_ = false;
  bool spill_failed_ = false;  // the last time: it is logged once
  base::Instant retry_at_{};
  std::chrono::milliseconds pause_;
  // For documents that the database put off while it took others: they are on disk.
  base::Instant spill_after_{};
  std::chrono::milliseconds spill_pause_;
  CouchActivationsStats stats_;
  std::thread thread_;
};

// What the thread leaves goes to disk; only when that fails too is it lost.
CouchActivations::Impl::~Impl() {
  cancelled_ = true;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
  Lock lock(mutex_);
  spill_queue(lock);
  if (queue_.empty()) return;
  log_.error(kComponent, "records are lost: neither database nor disk takes them",
             {{"records", static_cast<std::int64_t>(queue_.size())}});
}

base::Status CouchActivations::Impl::store(invoker::ActivationRecord record) {
  std::string& document = record.document;
  CHECK(document.find('\n') == std::string::npos);
  Lock lock(mutex_);
  if (!queue_.has_room(document)) {
    // The thread is busy with a slow database: the caller takes its record to the disk itself.
    lock.unlock();
    const base::Status spilled = spill_->append({&document, 1});
    lock.lock();
    if (spilled) {
      ++stats_.spilled;
      return {};
    }
    // Without the database no room will come, and whoever waits for it runs nothing meanwhile.
    settled_.wait_for(lock, config_.full_patience,
                      [&] { return !stats_.available || queue_.has_room(document); });
    if (!queue_.has_room(document)) {
      ++stats_.lost;
      log_.error(kComponent, "a record is lost: memory and disk are full",
                 {{"record", record.id}, {"disk", spilled.error().message}});
      return base::Error{base::ErrorCode::kNoSpace, "no room for the record " + record.id};
    }
  }
  queue_.push(std::move(document));
  changed_.notify_one();
  return {};
}

bool CouchActivations::Impl::flush(base::Instant deadline) {
  Lock lock(mutex_);
  return settled_.wait_until(lock, deadline, [this] { return is_done(); });
}

CouchActivationsStats CouchActivations::Impl::stats() const {
  const std::lock_guard lock(mutex_);
  CouchActivationsStats stats = stats_;
  stats.waiting = queue_.size();
  stats.spill_bytes = spill_->bytes();
  return stats;
}

// New records before those on disk, and a batch of these after each batch of new ones: neither
// waits for the other to end.
void CouchActivations::Impl::run() {
  Lock lock(mutex_);
  while (true) {
    wait_for_work(lock);
    if (stopping_) return;
    if (is_away()) {
      spill_queue(lock);
      continue;
    }
    if (!queue_.empty()) write_queue(lock);
    if (!stopping_ && may_read_spilled()) write_spilled(lock);
    if (is_done()) settled_.notify_all();
  }
}

void CouchActivations::Impl::wait_for_work(Lock& lock) {
  const auto woken = [this] {
    // Records that the disk refused wait for the database.
    const bool queue_waits = !queue_.empty() && !(is_away() && spill_failed_);
    return stopping_ || queue_waits || may_read_spilled();
  };
  while (!woken()) {
    if (is_away()) {
      changed_.wait_until(lock, retry_at_);
      if (now() >= retry_at_) spill_failed_ = false;
    } else if (!spill_->empty()) {
      changed_.wait_until(lock, spill_after_);
    } else {
      changed_.wait(lock);
    }
  }
}

void CouchActivations::Impl::write_queue(Lock& lock) {
  Documents documents = queue_.take(config_.batch_records_max, config_.batch_bytes_max);
  Documents left = write(lock, documents);
  queue_.release(documents);
  if (left.empty() || spill(lock, left)) {
    queue_.release(left);
  } else {
    queue_.put_back(std::move(left));
    if (!is_away())
      failed({base::ErrorCode::kNoSpace, "records are put off, and the disk is full"});
  }
  settled_.notify_all();
}

// Of a batch that is taken in part, what is left goes to the end before the batch goes.
void CouchActivations::Impl::write_spilled(Lock& lock) {
  writing_ = true;
  lock.unlock();
  Documents documents = spill_->peek(config_.batch_records_max, config_.batch_bytes_max);
  lock.lock();
  writing_ = false;
  if (documents.empty()) return;
  const Documents left = write(lock, documents);
  if (documents.empty()) return;
  if (left.empty()) spill_pause_ = config_.retry_first;
  if (left.empty() || spill(lock, left)) spill_->drop();
}

// Without the lock while the database is asked. Gives back what is not done with: it is not in
// `documents` any more.
Documents CouchActivations::Impl::write(Lock& lock, Documents& documents) {
  writing_ = true;
  lock.unlock();
  auto outcome = writer_.write(documents);
  if (outcome) settle(*outcome, documents);
  lock.lock();
  writing_ = false;
  if (!outcome) {
    failed(outcome.error());
    return std::exchange(documents, {});
  }
  if (!stats_.available) log_.info(kComponent, "the database takes records again");
  stats_.available = true;
  stats_.written += outcome->written;
  stats_.repeated += outcome->repeated;
  stats_.refused += outcome->refused.size();
  pause_ = config_.retry_first;
  return put_off(*outcome, documents);
}

// What the database has no use for now goes by itself, later and later.
Documents CouchActivations::Impl::put_off(const BulkWriter::Outcome& outcome,
                                          Documents& documents) {
  if (outcome.again.empty()) return {};
  if (spill_pause_ == config_.retry_first) {
    log_.warn(kComponent, "the database puts records off", {{"reason", outcome.again[0].reason}});
  }
  stats_.last_error = outcome.again[0].reason;
  stats_.put_off += outcome.again.size();
  spill_after_ = now() + spill_pause_;
  spill_pause_ = std::min(2 * spill_pause_, config_.retry_max);
  Documents left;
  Documents done;
  for (std::size_t i = 0, next = 0; i < documents.size(); ++i) {
    const bool is_left = next < outcome.again.size() && outcome.again[next].index == i;
    if (is_left) ++next;
    (is_left ? left : done).push_back(std::move(documents[i]));
  }
  documents = std::move(done);
  return left;
}

// Nobody else will hear of a record that the database does not want.
void CouchActivations::Impl::settle(const BulkWriter::Outcome& outcome,
                                    const Documents& documents) {
  for (const BulkWriter::Refusal& refusal : outcome.refused) {
    log_.error(kComponent, "the database refuses a record", {{"reason", refusal.reason}});
    const base::Status kept = spill_->keep_refused(documents[refusal.index]);
    if (!kept) log_.error(kComponent, "a record is lost: " + kept.error().message);
  }
}

void CouchActivations::Impl::failed(const base::Error& error) {
  ++stats_.failures;
  stats_.last_error = error.message;
  if (stats_.available && !stopping_) {
    log_.error(kComponent, "records wait on disk until the database takes them: " + error.message);
  }
  stats_.available = false;
  retry_at_ = now() + pause_;
  pause_ = std::min(2 * pause_, config_.retry_max);
  settled_.notify_all();
}

void CouchActivations::Impl::spill_queue(Lock& lock) {
  while (!queue_.empty()) {
    Documents documents = queue_.take(config_.batch_records_max, config_.batch_bytes_max);
    if (!spill(lock, documents)) return queue_.put_back(std::move(documents));
    queue_.release(documents);
    settled_.notify_all();
  }
}

bool CouchActivations::Impl::spill(Lock& lock, const Documents& documents) {
  writing_ = true;
  lock.unlock();
  const base::Status status = spill_->append(documents);
  lock.lock();
  writing_ = false;
  if (status) {
    stats_.spilled += documents.size();
  } else if (!std::exchange(spill_failed_, true)) {
    log_.error(kComponent, "records stay in memory: " + status.error().message);
  }
  return status.ok();
}

base::Result<std::unique_ptr<CouchActivations>> CouchActivations::open(
    CouchActivationsConfig config, const base::Logger& log) {
  TRY(std::unique_ptr<Spill> spill, Spill::open(config.spill_folder, config.spill_bytes_max, log));
  auto impl = std::make_unique<Impl>(std::move(config), std::move(spill), log);
  return std::unique_ptr<CouchActivations>(new CouchActivations(std::move(impl)));
}

CouchActivations::CouchActivations(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

CouchActivations::~CouchActivations() = default;

base::Status CouchActivations::store(invoker::ActivationRecord record) {
  return impl_->store(std::move(record));
}

bool CouchActivations::flush(base::Instant deadline) { return impl_->flush(deadline); }

CouchActivationsStats CouchActivations::stats() const { return impl_->stats(); }

}  // namespace invoker_couchdb
