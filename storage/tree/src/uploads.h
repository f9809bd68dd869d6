// What attempts are about to store, written down before they do, so that it can be found when they
// die. An attempt whose mark is gone cannot commit.
//
// Threads: any method from any thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "volume.h"

namespace storage_tree {

class Uploads {
 public:
  using Objects = std::map<InodeNumber, std::uint64_t>;  // how many; 0: values written ahead

  explicit Uploads(Volume& volume) : volume_(volume) {}

  // In as few steps as can be. What was announced before, with so many objects, is not again.
  // kConflict: what the writer stored earlier has been collected.
  base::Status announce(const std::string& writer, const Objects& objects);
  base::Status adopt(const std::string& writer);
  // What this process knows of; nothing: the writer has stored nothing.
  std::optional<Objects> of(const std::string& writer) const;
  void forget(const std::string& writer);
  // Gives everything of the writer to those that delete. `guard`: what the mark must be.
  base::Status give_up(const std::string& writer, const std::string& guard);

  // The value of a living attempt's mark.
  std::string mark() const { return encode(volume_.options.session); }

 private:
  Volume& volume_;
  base::Status announce_some(const std::string& writer, const Objects& some);
  Objects not_announced(const std::string& writer, const Objects& objects) const;

  mutable std::mutex mutex_;  // guards everything below
  std::map<std::string, Objects> writers_;
};

}  // namespace storage_tree
