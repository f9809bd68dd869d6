// Changes of metadata objects, many to a commit.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "metadata_tables.h"
#include "storage/object_store.h"

namespace storage_embedded {

// One thread takes what has come while the last commit went to the disk, puts it into one
// transaction, and answers each when that is on the disk.
//
// Threads: put() from any; `answered` is called on the writer's.
class MetadataWriter {
 public:
  using Answered = std::function<void(base::Result<storage::ObjectVersion>)>;

  static base::Result<std::unique_ptr<MetadataWriter>> open(const std::string& file);
  // Commits and answers what was put before.
  ~MetadataWriter();

  void put(storage::ObjectId object, storage::ObjectWrite change, Answered answered);

 private:
  struct Change {
    storage::ObjectId object;
    storage::ObjectWrite write;
    Answered answered;
    base::Result<storage::ObjectVersion> answer = storage::ObjectVersion{0};
  };
  using Batch = std::vector<Change>;

  MetadataWriter(Database database, MetadataTables tables);
  void run();
  Batch take();
  void commit(Batch& batch);
  base::Status try_commit(std::span<Change> changes);

  Database database_;
  MetadataTables tables_;
  std::mutex mutex_;  // guards waiting_ and stopping_
  std::condition_variable came_;
  std::deque<Change> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace storage_embedded
