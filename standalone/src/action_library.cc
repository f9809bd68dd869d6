#include "standalone/action_library.h"

#include <chrono>

namespace standalone {
namespace {

base::Error unreadable(const Entity& entity, std::string_view what) {
  return {base::ErrorCode::kDataLoss,
          "the document of action " + entity.id + " has no readable " + std::string(what)};
}

base::Result<std::string> text_member(const Entity& entity, const base::Json& object,
                                      std::string_view key) {
  const base::Json* value = object.find(key);
  if (value == nullptr || !value->is_string()) return unreadable(entity, key);
  return value->as_string();
}

base::Result<std::int64_t> number_member(const Entity& entity, const base::Json& object,
                                         std::string_view key) {
  const base::Json* value = object.find(key);
  const auto number = value == nullptr ? std::nullopt : value->as_int64();
  if (!number.has_value()) return unreadable(entity, key);
  return *number;
}

base::Result<invoker::ActionLimits> parse_limits(const Entity& entity) {
  const base::Json* limits = entity.document.find("limits");
  if (limits == nullptr) return unreadable(entity, "limits");
  invoker::ActionLimits parsed;
  TRY(const std::int64_t timeout, number_member(entity, *limits, "timeout"));
  TRY(const std::int64_t memory, number_member(entity, *limits, "memory"));
  TRY(const std::int64_t logs, number_member(entity, *limits, "logs"));
  TRY(const std::int64_t concurrency, number_member(entity, *limits, "concurrency"));
  parsed.timeout = std::chrono::milliseconds(timeout);
  parsed.memory_bytes = memory << 20;
  parsed.logs_bytes = logs << 20;
  parsed.concurrency = static_cast<int>(concurrency);
  if (limits->find("instances") != nullptr) {
    TRY(const std::int64_t instances, number_member(entity, *limits, "instances"));
    parsed.instances = static_cast<int>(instances);
  }
  return parsed;
}

base::Result<invoker::Exec> parse_exec(const Entity& entity) {
  const base::Json* exec = entity.document.find("exec");
  if (exec == nullptr) return unreadable(entity, "exec");
  invoker::Exec parsed;
  TRY(parsed.kind, text_member(entity, *exec, "kind"));
  if (const base::Json* image = exec->find("image"); image != nullptr && image->is_string()) {
    parsed.image = image->as_string();
  }
  if (const base::Json* main = exec->find("main"); main != nullptr && main->is_string()) {
    parsed.main = main->as_string();
  }
  const base::Json* binary = exec->find("binary");
  parsed.binary = binary != nullptr && binary->is_bool() && binary->as_bool();
  parsed.code = entity.attachment;
  return parsed;
}

}  // namespace

base::Result<invoker::Action> parse_action(const Entity& entity) {
  if (entity.collection != Collection::kActions) {
    return base::Error{base::ErrorCode::kNotFound, entity.id + " is no action"};
  }
  invoker::Action action;
  TRY(action.path, text_member(entity, entity.document, "namespace"));
  TRY(action.name, text_member(entity, entity.document, "name"));
  TRY(action.version, text_member(entity, entity.document, "version"));
  action.revision = entity.revision;
  TRY(action.exec, parse_exec(entity));
  TRY(action.limits, parse_limits(entity));
  for (const auto& [key, list] : {std::pair{"parameters", &action.parameters},
                                  std::pair{"annotations", &action.annotations}}) {
    const base::Json* value = entity.document.find(key);
    if (value == nullptr || !value->is_array()) return unreadable(entity, key);
    *list = *value;
  }
  const base::Json* publish = entity.document.find("publish");
  action.publish = publish != nullptr && publish->is_bool() && publish->as_bool();
  return action;
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
