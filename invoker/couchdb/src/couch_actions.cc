#include "invoker_couchdb/couch_actions.h"

#include <atomic>
#include <future>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "action_cache.h"
#include "database.h"

namespace invoker_couchdb {
namespace {

using base::ErrorCode;
using invoker_http::HttpAnswer;
using Fetched = base::Result<ActionPtr>;

constexpr std::size_t kActionOverheadBytes = 4096;  // of what is parsed, beside its text

ErrorCode code_of_status(int status) {
  switch (status) {
    case 404:
      return ErrorCode::kNotFound;
    case 401:
    case 403:
      return ErrorCode::kPermissionDenied;
    default:
      return ErrorCode::kUnavailable;
  }
}

base::Result<std::string> body_of(base::Result<HttpAnswer> answer, const std::string& what) {
  if (!answer) return std::move(answer).error();
  if (answer->status != 200)
    return base::Error{code_of_status(answer->status), describe(what, *answer)};
  return std::move(answer->body);
}

base::Result<base::Json> object_of(const std::string& text, const std::string& id) {
  auto json = base::Json::parse(text);
  if (json && json->is_object()) return json;
  return base::Error{ErrorCode::kInternal, "the database sent no JSON object for action " + id};
}

bool is_not_found(const base::Result<std::string>& result) {
  return !result && result.error().code == ErrorCode::kNotFound;
}

}  // namespace

class CouchActions::Impl {
 public:
  Impl(CouchActionsConfig config, const base::Clock& clock)
      : database_(config.couch, config.couch.actions, cancelled_),
        rules_(std::move(config.rules)),
        clock_(clock),
        cache_(config.cache_bytes_max, config.cache_idle_max) {}

  Fetched fetch(const std::string& id, const std::optional<std::string>& revision);
  ActionPtr known(const std::string& id, const std::optional<std::string>& revision);
  void cancel() { cancelled_ = true; }
  CouchActionsStats stats() const;

 private:
  struct Read {
    ActionPtr action;
    std::size_t bytes;
  };

  Fetched read_and_keep(const std::string& id, const std::optional<std::string>& revision);
  base::Result<Read> read(const std::string& id, const std::optional<std::string>& revision);
  base::Result<Read> finish(invoker::ActionDocument document, std::size_t bytes) const;
  base::Result<std::string> read_code(const std::string& id,
                                      const invoker::ActionDocument& document);

  std::atomic<bool> cancelled_ = false;
  Database database_;
  const invoker::DecodingRules rules_;
  const base::Clock& clock_;

  mutable std::mutex mutex_;  // guards everything below; never held while the database is asked
  ActionCache cache_;
  // Reads under way, by the key of the cache: whoever wants the same waits for them.
  std::unordered_map<std::string, std::shared_future<Fetched>> under_way_;
  CouchActionsStats stats_;
};

Fetched CouchActions::Impl::fetch(const std::string& id,
                                  const std::optional<std::string>& revision) {
  if (!revision) return read_and_keep(id, revision);
  const std::string key = ActionCache::key_of(id, *revision);
  std::promise<Fetched> promise;
  {
    std::unique_lock lock(mutex_);
    if (ActionPtr action = cache_.find(key, clock_.now()); action != nullptr) {
      ++stats_.hits;
      return action;
    }
    if (const auto found = under_way_.find(key); found != under_way_.end()) {
      ++stats_.joined;
      const std::shared_future<Fetched> other = found->second;
      lock.unlock();
      return other.get();
    }
    under_way_.emplace(key, promise.get_future().share());
  }
  Fetched fetched = read_and_keep(id, revision);
  {
    const std::lock_guard lock(mutex_);
    under_way_.erase(key);
  }
  promise.set_value(fetched);
  return fetched;
}

ActionPtr CouchActions::Impl::known(const std::string& id,
                                    const std::optional<std::string>& revision) {
  if (!revision) return nullptr;
  const std::lock_guard lock(mutex_);
  ActionPtr action = cache_.find(ActionCache::key_of(id, *revision), clock_.now());
  if (action != nullptr) ++stats_.hits;
  return action;
}

// Kept under the revision that it has, which need not be the one that was asked for.
Fetched CouchActions::Impl::read_and_keep(const std::string& id,
                                          const std::optional<std::string>& revision) {
  auto result = read(id, revision);
  const std::lock_guard lock(mutex_);
  ++stats_.reads;
  if (!result) {
    ++stats_.failures;
    return std::move(result).error();
  }
  cache_.keep(ActionCache::key_of(id, result->action->revision), result->action, result->bytes,
              clock_.now());
  return std::move(result->action);
}

// An attachment goes when its action is changed: when it is gone, the document that named it is old
// and is read once more.
base::Result<CouchActions::Impl::Read> CouchActions::Impl::read(
    const std::string& id, const std::optional<std::string>& revision) {
  for (bool again = true;; again = false) {
    TRY(const std::string text,
        body_of(database_.get(encode_segment(id), revision), "action " + id));
    TRY(const base::Json json, object_of(text, id));
    TRY(invoker::ActionDocument document, invoker::parse_action_document(json, rules_));
    if (!document.attachment) return finish(std::move(document), text.size());
    auto code = read_code(id, document);
    if (again && is_not_found(code)) continue;
    if (!code) return std::move(code).error();
    const bool binary = document.action.exec.binary;
    document.action.exec.code = invoker::code_text(std::move(*code), binary);
    return finish(std::move(document), text.size());
  }
}

base::Result<CouchActions::Impl::Read> CouchActions::Impl::finish(invoker::ActionDocument document,
                                                                  std::size_t bytes) const {
  const auto& code = document.action.exec.code;
  const std::size_t size = kActionOverheadBytes + bytes + (code ? code->size() : 0);
  return Read{std::make_shared<const invoker::Action>(std::move(document.action)), size};
}

base::Result<std::string> CouchActions::Impl::read_code(const std::string& id,
                                                        const invoker::ActionDocument& document) {
  return body_of(database_.get(encode_segment(id) + "/" + encode_segment(*document.attachment),
                               document.action.revision),
                 "the code of action " + id);
}

CouchActionsStats CouchActions::Impl::stats() const {
  const std::lock_guard lock(mutex_);
  CouchActionsStats stats = stats_;
  stats.cached = cache_.size();
  stats.cached_bytes = cache_.bytes();
  return stats;
}

CouchActions::CouchActions(CouchActionsConfig config, const base::Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(config), clock)) {}

CouchActions::~CouchActions() = default;

Fetched CouchActions::fetch(const std::string& id, const std::optional<std::string>& revision) {
  return impl_->fetch(id, revision);
}

ActionPtr CouchActions::known(const std::string& id, const std::optional<std::string>& revision) {
  return impl_->known(id, revision);
}

void CouchActions::cancel() { impl_->cancel(); }

CouchActionsStats CouchActions::stats() const { return impl_->stats(); }

}  // namespace invoker_couchdb
