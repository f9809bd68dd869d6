// An entity store without a disk, honest about revisions, order and every error.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>

#include "standalone/entity_store.h"

namespace testing_support {

class MemoryEntityStore final : public standalone::EntityStore {
 public:
  // The next call fails with this.
  void fail_next(base::Error error) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(error);
  }

  base::Result<standalone::Entity> get(std::string_view id, With with) override {
    const std::lock_guard lock(mutex_);
    if (auto failure = take_failure()) return std::move(*failure);
    const auto found = entities_.find(id);
    if (found == entities_.end()) return unknown(id);
    standalone::Entity entity = found->second;
    if (with == With::kDocument) entity.attachment.reset();
    return entity;
  }

  base::Result<std::string> put(const standalone::Entity& entity) override {
    const std::lock_guard lock(mutex_);
    if (auto failure = take_failure()) return std::move(*failure);
    const auto found = entities_.find(entity.id);
    const std::string present = found == entities_.end() ? "" : found->second.revision;
    if (present != entity.revision) return changed(entity.id);
    standalone::Entity stored = entity;
    stored.revision = std::to_string(std::atoi(present.c_str()) + 1) + "-" + tag();
    stored.document.set("_id", stored.id).set("_rev", stored.revision);
    std::string revision = stored.revision;
    entities_.insert_or_assign(entity.id, std::move(stored));
    return revision;
  }

  base::Status remove(std::string_view id, std::string_view revision) override {
    const std::lock_guard lock(mutex_);
    if (auto failure = take_failure()) return std::move(*failure);
    const auto found = entities_.find(id);
    if (found == entities_.end()) return unknown(id);
    if (found->second.revision != revision) return changed(id);
    entities_.erase(found);
    return {};
  }

  base::Result<std::vector<standalone::Entity>> list(
      const standalone::EntityQuery& query) override {
    const std::lock_guard lock(mutex_);
    if (auto failure = take_failure()) return std::move(*failure);
    std::vector<standalone::Entity> found = matching(query);
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
      return std::tie(b.updated_ms, a.id) < std::tie(a.updated_ms, b.id);
    });
    const auto size = static_cast<std::int64_t>(found.size());
    const auto begin = found.begin() + std::min(query.skip, size);
    return std::vector<standalone::Entity>(begin,
                                           begin + std::min(query.limit, found.end() - begin));
  }

  base::Result<std::int64_t> count(const standalone::EntityQuery& query) override {
    const std::lock_guard lock(mutex_);
    if (auto failure = take_failure()) return std::move(*failure);
    return static_cast<std::int64_t>(matching(query).size());
  }

 private:
  static base::Error unknown(std::string_view id) {
    return {base::ErrorCode::kNotFound, std::string(id) + " does not exist"};
  }
  static base::Error changed(std::string_view id) {
    return {base::ErrorCode::kConflict, std::string(id) + " was changed by somebody else"};
  }
  std::optional<base::Error> take_failure() { return std::exchange(failure_, std::nullopt); }
  std::string tag() {
    std::string digits = std::to_string(++writes_);
    return std::string(32 - digits.size(), '0') + digits;
  }
  std::vector<standalone::Entity> matching(const standalone::EntityQuery& query) const {
    std::vector<standalone::Entity> found;
    for (const auto& [id, entity] : entities_) {
      const std::string path = id.substr(0, id.rfind('/'));
      if (entity.namespace_name != query.namespace_name) continue;
      if (entity.collection != query.collection || path != query.path.value_or(path)) continue;
      found.push_back(entity);
      found.back().attachment.reset();
    }
    return found;
  }

  std::mutex mutex_;  // guards everything below
  std::map<std::string, standalone::Entity, std::less<>> entities_;
  std::optional<base::Error> failure_;
  int writes_ = 0;
};

}  // namespace testing_support
