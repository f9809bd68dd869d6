// What an attempt that publishes on the way needs of the world.
#pragma once

#include <functional>

#include "base/result.h"
#include "storage/tree.h"

namespace storage_attempts {

// The volume's last commit, for an attempt to move on to.
struct Latest {
  storage::CommitNumber number = 0;
  // From now on the attempt's SnapshotSource reads it. Called with the attempt's lock held.
  std::function<void()> enter;
};

// Threads: any. Both return at once; `done` is called once, on any thread, also before that.
class Publisher {
 public:
  virtual ~Publisher() = default;

  // AttemptFileSystem::begin_publication(), and then published() or not_published(), will be called
  // on another thread. False: too much waits already, and they will not.
  virtual bool publish() = 0;
  virtual void latest(std::function<void(base::Result<Latest>)> done) = 0;
};

}  // namespace storage_attempts
