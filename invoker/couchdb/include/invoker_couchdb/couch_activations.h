// Records of activations, written to CouchDB in bulk and kept safe while it is away.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "invoker/activation_store.h"
#include "invoker_couchdb/settings.h"

namespace invoker_couchdb {

struct CouchActivationsConfig {
  CouchSettings couch;
  // Where records wait on disk; made when it is not there. One process at a time.
  std::string spill_folder;
  std::int64_t memory_bytes_max = 64LL << 20;  // of records that wait in memory
  std::int64_t spill_bytes_max = 1LL << 30;    // of records that wait on disk
  std::size_t batch_records_max = 500;         // in one request
  std::int64_t batch_bytes_max = 8LL << 20;
  // How long store() waits for room when memory and disk are full and the database takes records.
  std::chrono::milliseconds full_patience{500};
  // Between two tries while the database is away; doubling.
  std::chrono::milliseconds retry_first{100};
  std::chrono::milliseconds retry_max{5'000};
};

struct CouchActivationsStats {
  std::uint64_t written = 0;     // new in the database
  std::uint64_t repeated = 0;    // were there already: written before, answer lost
  std::uint64_t refused = 0;     // that the database will not have; kept in refused.jsonl
  std::uint64_t put_off = 0;     // not taken for now, while others of the same request were
  std::uint64_t spilled = 0;     // went to disk on their way
  std::uint64_t lost = 0;        // store() had no room for them
  std::uint64_t failures = 0;    // requests
  std::size_t waiting = 0;       // in memory
  std::int64_t spill_bytes = 0;  // on disk
  bool available = true;         // the last request succeeded, or there was none
  std::string last_error;
};

// One thread of its own writes what has come together, up to the batch's bounds, in one request.
// While the database does not answer, records go to disk as they come, so that the end of this
// process loses none of them; they are written when the database is back, or at the next start. A
// record that the database has already is a success. On disk, records survive the process; they are
// not forced through the machine's own cache.
//
// Records are lost only when memory and disk are both full: store() says so.
class CouchActivations final : public invoker::ActivationStore {
 public:
  // Reads what an earlier process left in the folder. The log outlives it. Errors: of the folder;
  // kAlreadyExists when another process uses it. The database need not be there.
  static base::Result<std::unique_ptr<CouchActivations>> open(CouchActivationsConfig config,
                                                              const base::Logger& log);
  // Ends the request under way, within a second; what is not written goes to disk.
  ~CouchActivations() override;

  base::Status store(invoker::ActivationRecord record) override;
  bool flush(base::Instant deadline) override;

  CouchActivationsStats stats() const;

 private:
  class Impl;
  explicit CouchActivations(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace invoker_couchdb
