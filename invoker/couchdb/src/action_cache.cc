#include "action_cache.h"

#include <utility>

namespace invoker_couchdb {

ActionPtr ActionCache::find(const std::string& key, base::Instant now) {
  expire(now);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  found->second->used = now;
  return found->second->action;
}

void ActionCache::keep(const std::string& key, ActionPtr action, std::size_t bytes,
                       base::Instant now) {
  expire(now);
  if (bytes > bytes_max_ || by_key_.contains(key)) return;
  entries_.push_front(Entry{key, std::move(action), bytes, now});
  by_key_.emplace(key, entries_.begin());
  bytes_ += bytes;
  while (bytes_ > bytes_max_) drop_oldest();
}

void ActionCache::expire(base::Instant now) {
  while (!entries_.empty() && entries_.back().used + idle_max_ <= now) drop_oldest();
}

void ActionCache::drop_oldest() {
  bytes_ -= entries_.back().bytes;
  by_key_.erase(entries_.back().key);
  entries_.pop_back();
}

}  // namespace invoker_couchdb
