#include "metadata_writer.h"

#include <utility>

#include "storage/object_rules.h"

namespace storage_embedded {
namespace {

using storage::ObjectVersion;

constexpr std::size_t kBatchMax = 512;
constexpr std::size_t kBatchBytesMax = 16 << 20;

}  // namespace

base::Result<std::unique_ptr<MetadataWriter>> MetadataWriter::open(const std::string& file) {
  TRY(Database database, Database::open(file, kSettings));
  TRY_STATUS(set_up_tables(database));
  TRY(MetadataTables tables, MetadataTables::open(database));
  return std::unique_ptr<MetadataWriter>(
      new MetadataWriter(std::move(database), std::move(tables)));
}

MetadataWriter::MetadataWriter(Database database, MetadataTables tables)
    : database_(std::move(database)), tables_(std::move(tables)), thread_([this] { run(); }) {}

MetadataWriter::~MetadataWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  came_.notify_all();
  thread_.join();
}

void MetadataWriter::put(storage::ObjectId object, storage::ObjectWrite change, Answered answered) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back({std::move(object), std::move(change), std::move(answered)});
  came_.notify_one();
}

MetadataWriter::Batch MetadataWriter::take() {
  std::unique_lock lock(mutex_);
  came_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
  Batch batch;
  std::size_t bytes = 0;
  while (!waiting_.empty() && batch.size() < kBatchMax && bytes < kBatchBytesMax) {
    bytes += bytes_of(waiting_.front().write);
    batch.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return batch;
}

void MetadataWriter::run() {
  while (true) {
    Batch batch = take();
    if (batch.empty()) return;
    commit(batch);
    for (Change& change : batch) change.answered(std::move(change.answer));
  }
}

void MetadataWriter::commit(Batch& batch) {
  if (batch.size() > 1 && try_commit(batch).ok()) return;
  // Alone, what cannot be done takes nothing else with it.
  for (Change& change : batch) {
    auto status = try_commit(std::span(&change, 1));
    if (!status.ok()) change.answer = std::move(status).error();
  }
}

base::Status MetadataWriter::try_commit(std::span<Change> changes) {
  const auto work = [&]() -> base::Status {
    TRY_STATUS(database_.execute("BEGIN IMMEDIATE"));
    for (Change& change : changes) {
      TRY_STATUS(tables_.apply(change.object, change.write, change.answer));
    }
    return database_.execute("COMMIT");
  };
  base::Status status = work();
  if (status.ok()) return status;
  // SQLite may have rolled back by itself; then this fails, which changes nothing.
  (void)database_.execute("ROLLBACK");
  TRY_STATUS(tables_.forget_reserved());
  return status;
}

}  // namespace storage_embedded
