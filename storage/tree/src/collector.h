// Clears away what nobody needs any more: a bounded piece at each call.
//
// Threads: any method from any thread, on any node: what is done twice is done once.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "log.h"
#include "transfer.h"
#include "uploads.h"
#include "volume.h"

namespace storage_tree {

class Collector {
 public:
  Collector(Volume& volume, Log& log, Transfer& transfer, Uploads& uploads)
      : volume_(volume), log_(log), transfer_(transfer), uploads_(uploads) {}

  base::Status collect(CollectReport& report);

 private:
  using Sessions = std::map<std::string, Session>;
  base::Result<Sessions> living_sessions(CollectReport& report);
  base::Status collect_uploads(const Sessions& sessions, CollectReport& report);
  base::Status collect_new_shards(const Sessions& sessions);
  base::Status collect_old_ranges(const Sessions& sessions);
  base::Status remove_range(const std::string& object, const OldRange& range);
  base::Status delete_data(CollectReport& report);
  base::Status age_activations(CollectReport& report);

  Volume& volume_;
  Log& log_;
  Transfer& transfer_;
  Uploads& uploads_;
};

}  // namespace storage_tree
