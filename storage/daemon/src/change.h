// A transaction of a person's, without a mount: operations on an attempt's view, and their commit.
#pragma once

#include <filesystem>

#include "attempt.h"
#include "base/result.h"
#include "storage/volume_provider.h"
#include "storage_overlay/overlay.h"

namespace storage_daemon {

// Threads: one at a time. Every method may wait for the store.
class Change {
 public:
  // In the attempt's folder, which goes with the object.
  static base::Result<Change> begin(Attempt attempt);
  Change(Change&&) = default;
  ~Change();

  // Carries an operation out, whatever has to be learnt for it. `what` it is about, in errors.
  template <typename Op>
  auto apply(const std::string& what, Op op) -> base::Result<
      std::remove_cvref_t<decltype(*op(std::declval<storage_overlay::Overlay&>()))>> {
    while (true) {
      auto answer = op(overlay_);
      if (answer.ok()) return *std::move(answer);
      const storage_overlay::Stop& stop = answer.error();
      if (stop.error != 0) return base::error_from_errno(stop.error, what);
      TRY_STATUS(learn(stop.need));
    }
  }
  // The bytes of that file are what is written here; the descriptor is the caller's.
  base::Result<base::UniqueFd> stage(InodeNumber inode);

  base::Result<storage::CommitReport> commit();

 private:
  explicit Change(Attempt attempt);
  base::Status learn(const storage_overlay::Need& need);

  std::unique_ptr<const Attempt> attempt_;
  storage_overlay::Overlay overlay_;
};

}  // namespace storage_daemon
