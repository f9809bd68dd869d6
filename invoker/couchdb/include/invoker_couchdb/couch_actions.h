// Actions, read from CouchDB with their code.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "invoker/action.h"
#include "invoker/action_document.h"
#include "invoker/invoker.h"
#include "invoker_couchdb/settings.h"

namespace invoker_couchdb {

struct CouchActionsConfig {
  CouchSettings couch;
  invoker::DecodingRules rules;
  std::size_t cache_bytes_max = 128u << 20;
  std::chrono::milliseconds cache_idle_max{300'000};  // since an action was last asked for
};

struct CouchActionsStats {
  std::uint64_t hits = 0;    // answered from the cache
  std::uint64_t joined = 0;  // waited for a read that another call had begun
  std::uint64_t reads = 0;   // asked the database
  std::uint64_t failures = 0;
  std::size_t cached = 0;
  std::size_t cached_bytes = 0;
};

// Threads: any method from any thread; several calls for one revision share one read. Time: a call
// that the cache does not answer blocks for at most the request timeout for each of the document
// and its attachment, twice where the action changed in between.
class CouchActions final : public invoker::ActionSource {
 public:
  // The clock outlives it. Nothing is asked of the database before the first fetch().
  CouchActions(CouchActionsConfig config, const base::Clock& clock);
  ~CouchActions() override;

  // The latest action where the one at `revision` is gone: a database has no use for the past.
  // Without a revision the database is always asked.
  //
  // Errors, as ActionSource has them: kNotFound for a document or code that is gone; kDataLoss
  // where the document is no action that this invoker understands; any other code where it could
  // not be had: kUnsupported (a sequence, code in another store), kUnavailable and
  // kDeadlineExceeded (the database), kPermissionDenied (its password), kInternal (what it says
  // makes no sense).
  base::Result<std::shared_ptr<const invoker::Action>> fetch(
      const std::string& id, const std::optional<std::string>& revision) override;
  std::shared_ptr<const invoker::Action> known(const std::string& id,
                                               const std::optional<std::string>& revision) override;
  void cancel() override;

  CouchActionsStats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace invoker_couchdb
