#include "standalone/action_library.h"

#include <utility>

#include "invoker/action_document.h"

namespace standalone {

// Code and revision are beside the document, and the kinds were looked at when the action was made.
static invoker::DecodingRules decoding_rules() {
  invoker::DecodingRules rules;
  rules.self_contained = false;
  return rules;
}

base::Result<invoker::Action> parse_action(const Entity& entity) {
  if (entity.collection != Collection::kActions) {
    return base::Error{base::ErrorCode::kNotFound, entity.id + " is no action"};
  }
  TRY(invoker::ActionDocument read,
      invoker::parse_action_document(entity.document, decoding_rules()));
  read.action.revision = entity.revision;
  read.action.exec.code = entity.attachment;
  return std::move(read.action);
}

base::Result<ActionPtr> ActionLibrary::fetch(const std::string& id,
                                             const std::optional<std::string>& revision) {
  std::uint64_t as_of = 0;
  {
    const std::lock_guard lock(mutex_);
    if (ActionPtr found = find(id, revision); found != nullptr) return found;
    as_of = changes_;
  }
  TRY(const Entity entity, store_.get(id, EntityStore::With::kAttachment));
  TRY(invoker::Action action, parse_action(entity));
  auto shared = std::make_shared<const invoker::Action>(std::move(action));
  keep(shared, as_of);
  return ActionPtr(std::move(shared));
}

bool ActionLibrary::holds(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return by_id_.contains(id);
}

// What is kept is the latest: whoever asks for another revision asks for one that is gone.
ActionPtr ActionLibrary::known(const std::string& id, const std::optional<std::string>& revision) {
  const std::lock_guard lock(mutex_);
  return find(id, revision);
}

ActionPtr ActionLibrary::find(const std::string& id, const std::optional<std::string>& revision) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return nullptr;
  if (revision.has_value() && found->second->action->revision != *revision) return nullptr;
  shelves_.splice(shelves_.begin(), shelves_, found->second);
  return found->second->action;
}

void ActionLibrary::keep(ActionPtr action, std::uint64_t as_of) {
  const std::string id = action->full_name();
  const std::size_t bytes = 4096 + (action->exec.code ? action->exec.code->size() : 0);
  const std::lock_guard lock(mutex_);
  if (changes_ != as_of || bytes > bytes_max_ || by_id_.contains(id)) return;
  shelves_.push_front(Shelf{id, std::move(action), bytes});
  by_id_.emplace(id, shelves_.begin());
  bytes_ += bytes;
  while (bytes_ > bytes_max_) {
    bytes_ -= shelves_.back().bytes;
    by_id_.erase(shelves_.back().id);
    shelves_.pop_back();
  }
}

void ActionLibrary::forget(const std::string& id) {
  const std::lock_guard lock(mutex_);
  ++changes_;
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  bytes_ -= found->second->bytes;
  shelves_.erase(found->second);
  by_id_.erase(found);
}

}  // namespace standalone
