// A durable tree in memory: what a snapshot says, and what a write set makes of it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/check.h"
#include "storage/tree.h"
#include "storage_overlay/overlay.h"

namespace storage_overlay {

class MemoryVolume {
 public:
  MemoryVolume();

  std::optional<Entry> find(const NameKey& key) const;
  std::shared_ptr<const Listing> list(InodeNumber directory) const;
  CommitNumber head() const { return head_; }
  InodeNumber reserve(std::uint64_t count);

  // As the durable tree does: with the guards of snapshot isolation. False: a conflict, and nothing
  // was changed.
  bool commit(const storage::WriteSet& write);

  // Tells the overlay what an operation needs until it can answer.
  template <typename T>
  Answer<T> run(Overlay& overlay, const std::function<Answer<T>()>& operation) {
    for (Need before;;) {
      Answer<T> answer = operation();
      if (answer.ok() || answer.error().error != 0) return answer;
      CHECK(answer.error().need != before);  // it was told
      before = answer.error().need;
      tell(overlay, before);
    }
  }
  void tell(Overlay& overlay, const Need& need);

  std::uint64_t asked() const { return asked_; }

 private:
  CommitNumber committed(const NameKey& key) const;
  CommitNumber committed(InodeNumber inode) const;
  bool guards_hold(const storage::WriteSet& write) const;
  void apply(const storage::WriteSet& write);
  // Every directory that has names is under one that leads to the root.
  bool is_tree() const;

  std::map<NameKey, Entry> names_;
  std::map<InodeNumber, Entry> shared_;
  InodeNumber next_inode_ = 2;
  CommitNumber head_ = 0;
  std::uint64_t asked_ = 0;
};

}  // namespace storage_overlay
