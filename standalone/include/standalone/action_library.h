// Parsed actions with their code, kept in memory: what an invocation needs at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "invoker/action.h"
#include "standalone/entity_store.h"

namespace standalone {

using ActionPtr = std::shared_ptr<const invoker::Action>;

// The action that a document and its code describe. Errors: kDataLoss with what is missing.
base::Result<invoker::Action> parse_action(const Entity& entity);

// Reads through to the entity store; keeps the least recently used out, by bytes of code.
// Threads: any method from any thread.
class ActionLibrary {
 public:
  // The store outlives the library.
  explicit ActionLibrary(EntityStore& store, std::size_t bytes_max = 128u << 20)
      : store_(store), bytes_max_(bytes_max) {}

  // The latest version, or the one at `revision`; the latest also when that one is gone.
  // Errors: kNotFound (also for what is no action), kDataLoss, kUnavailable. Time: a miss blocks on
  // the store.
  base::Result<ActionPtr> fetch(const std::string& id,
                                const std::optional<std::string>& revision = std::nullopt);

  // What fetch() would give without the store; null pointer where it would need it.
  ActionPtr known(const std::string& id, const std::optional<std::string>& revision);

  // Whether fetch(id) would be answered without the store.
  bool holds(const std::string& id) const;

  // To be called after every write to the store of an action with this id.
  void forget(const std::string& id);

 private:
  struct Shelf {
    std::string id;
    ActionPtr action;
    std::size_t bytes;
  };

  ActionPtr find(const std::string& id, const std::optional<std::string>& revision);
  void keep(ActionPtr action, std::uint64_t as_of);

  EntityStore& store_;
  const std::size_t bytes_max_;
  mutable std::mutex mutex_;  // guards everything below
  std::list<Shelf> shelves_;  // most recently used first
  std::unordered_map<std::string, std::list<Shelf>::iterator> by_id_;
  std::size_t bytes_ = 0;
  std::uint64_t changes_ = 0;  // what was read before a change is not kept after it
};

}  // namespace standalone
