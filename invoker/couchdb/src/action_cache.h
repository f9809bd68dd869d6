// Actions that were read, by id and revision.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "invoker/action.h"

namespace invoker_couchdb {

using ActionPtr = std::shared_ptr<const invoker::Action>;

// Entries go when nobody asked for them for `idle_max`, and the least recently used ones when all
// together are larger than `bytes_max`. There is nothing to invalidate: a new revision is a new
// key. Threads: one at a time.
class ActionCache {
 public:
  ActionCache(std::size_t bytes_max, std::chrono::milliseconds idle_max)
      : bytes_max_(bytes_max), idle_max_(idle_max) {}

  static std::string key_of(const std::string& id, const std::string& revision) {
    return id + "\n" + revision;
  }

  // Null pointer where there is none.
  ActionPtr find(const std::string& key, base::Instant now);
  void keep(const std::string& key, ActionPtr action, std::size_t bytes, base::Instant now);

  std::size_t bytes() const { return bytes_; }
  std::size_t size() const { return by_key_.size(); }

 private:
  struct Entry {
    std::string key;
    ActionPtr action;
    std::size_t bytes;
    base::Instant used;
  };

  void drop_oldest();
  void expire(base::Instant now);

  const std::size_t bytes_max_;
  const std::chrono::milliseconds idle_max_;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  std::size_t bytes_ = 0;
};

}  // namespace invoker_couchdb
