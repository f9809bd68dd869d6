// What this node has changed and the store may not know yet, kept where the death of the daemon
// does not reach it: in a file that is mapped, so that an entry costs a copy and no call.
//
// By one thread at a time. It survives the process, not the machine: a reader that finds it
// damaged takes what is before the damage.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ledger.h"

namespace storage_ephemeral {

class Outbox {
 public:
  // What was done to a key; or the word that all entries of the key before this one are in the
  // store.
  struct Entry {
    std::string key;
    Change change;
    bool published = false;
    bool operator==(const Entry&) const = default;
  };
  using Entries = std::vector<Entry>;

  // Errors: of the disk.
  static base::Result<Outbox> open(const std::string& path);
  Outbox(Outbox&& other) noexcept;
  Outbox& operator=(Outbox&&) = delete;
  ~Outbox();

  // In the order of append().
  Entries read() const;
  base::Status append(const Changes& changes);
  base::Status append_published(const std::vector<std::string>& keys);
  // Everything before is in the store.
  void clear();
  std::uint64_t bytes() const;
  // Which of two is the younger.
  std::uint64_t epoch() const;
  void set_epoch(std::uint64_t epoch);

 private:
  Outbox(base::UniqueFd fd, char* map, std::uint64_t size)
      : fd_(std::move(fd)), map_(map), size_(size) {}
  base::Status append_bytes(std::string_view entries);
  base::Status grow(std::uint64_t needed);
  void set_bytes(std::uint64_t bytes);

  base::UniqueFd fd_;
  char* map_;
  std::uint64_t size_;
};

// Two outboxes that take turns, so that one can be emptied while the other fills.
class Journal {
 public:
  static base::Result<Journal> open(const std::string& path);

  // What the store may not have, in its order.
  Outbox::Entries read() const;
  base::Status append(const Changes& changes) { return parts_[active_].append(changes); }
  // A batch was taken; `all`: it holds everything that is in the journal.
  void taken(bool all);
  // It is in the store, or it is not. `keys` tells, where that has to be noted, of which nothing
  // waits any more. Errors: of the disk; then a key that others removed may come back after a
  // crash.
  base::Status landed(bool published, const std::function<std::vector<std::string>()>& keys);

 private:
  explicit Journal(std::vector<Outbox> parts) : parts_(std::move(parts)) {}

  std::vector<Outbox> parts_;
  std::size_t active_ = 0;
  bool covered_ = false;
  bool switched_ = false;
};

}  // namespace storage_ephemeral
