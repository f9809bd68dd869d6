// Writes records with one request, or as few as it takes.
#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "database.h"

namespace invoker_couchdb {

// Threads: one at a time.
class BulkWriter {
 public:
  struct Refusal {
    std::size_t index;  // of the document
    std::string reason;
  };
  struct Outcome {
    std::size_t written = 0;
    std::size_t repeated = 0;
    std::vector<Refusal> refused;
    std::vector<Refusal> again;  // in order: may be taken later, though the others were now
  };

  BulkWriter(const CouchSettings& settings, const std::atomic<bool>& cancelled)
      : database_(settings, settings.activations, cancelled), cancelled_(cancelled) {}

  // Every document is written, was there already, or is refused by itself, for good or for now.
  // Errors: nothing is known
  // of any of them, and trying again later may help, whatever the code.
  base::Result<Outcome> write(std::span<const std::string> documents);

 private:
  base::Result<invoker_http::HttpAnswer> post(std::span<const std::string> documents, int tries);
  base::Status write(std::span<const std::string> documents, std::size_t first, int tries,
                     Outcome& outcome);
  base::Status divide(std::span<const std::string> documents, std::size_t first,
                      const invoker_http::HttpAnswer& answer, Outcome& outcome);

  Database database_;
  const std::atomic<bool>& cancelled_;
};

}  // namespace invoker_couchdb
