// The activation store in one SQLite file, written by one thread in group commits.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "standalone/activation_store.h"

namespace standalone {

struct ActivationStoreConfig {
  std::string file;
  std::size_t queue_max = 4096;  // records that wait for the writer; beyond it put() blocks
  std::size_t batch_max = 512;   // records in one commit
  // The oldest records go when there are more, or when they are older. Kept roughly: up to
  // one batch more may be there for a moment.
  std::int64_t records_max = 200'000;
  std::optional<std::chrono::hours> age_max;
};

// Opens or creates the file. Errors as for the entity store. The clock outlives the store.
// Destroying the store writes what waits.
base::Result<std::unique_ptr<ActivationStore>> open_sqlite_activation_store(
    const ActivationStoreConfig& config, const base::Clock& clock);

}  // namespace standalone
