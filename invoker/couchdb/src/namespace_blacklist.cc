#include "invoker_couchdb/namespace_blacklist.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "database.h"

namespace invoker_couchdb {
namespace {

// A view that is not up to date is good enough, and is brought up to date for the next time.
constexpr const char* kView =
    "_design/namespaceThrottlings/_view/blockedNamespaces"
    "?stale=update_after&descending=true&reduce=false";

base::Error senseless(std::string_view what) {
  return {base::ErrorCode::kInternal, "the view of blocked namespaces has " + std::string(what)};
}

}  // namespace

NamespaceBlacklist::NamespaceBlacklist(const BlacklistConfig& config, const base::Logger& log)
    : config_(config),
      log_(log),
      database_(std::make_unique<Database>(config.couch, config.couch.subjects, cancelled_)),
      names_(std::make_shared<const Names>()),
      thread_([this](const std::stop_token& stop) { poll(stop); }) {}

NamespaceBlacklist::~NamespaceBlacklist() { cancelled_ = true; }

bool NamespaceBlacklist::is_blocked(std::string_view namespace_name) const {
  std::shared_ptr<const Names> names;
  {
    const std::lock_guard lock(mutex_);
    names = names_;
  }
  return !names->empty() && names->contains(std::string(namespace_name));
}

std::size_t NamespaceBlacklist::size() const {
  const std::lock_guard lock(mutex_);
  return names_->size();
}

base::Status NamespaceBlacklist::refresh() {
  TRY(Names names, read());
  auto fresh = std::make_shared<const Names>(std::move(names));
  const std::lock_guard lock(mutex_);
  names_.swap(fresh);
  return {};
}

base::Result<NamespaceBlacklist::Names> NamespaceBlacklist::read() {
  TRY(const invoker_http::HttpAnswer answer, database_->get(kView, std::nullopt));
  if (answer.status != 200) {
    return base::Error{base::ErrorCode::kUnavailable, describe("blocked namespaces", answer)};
  }
  TRY(const base::Json view, base::Json::parse(answer.body));
  const base::Json* const rows = view.find("rows");
  if (rows == nullptr || !rows->is_array()) return senseless("no rows");
  Names names;
  for (const base::Json& row : rows->items()) {
    const base::Json* const key = row.find("key");
    if (key == nullptr || !key->is_string()) return senseless("a row whose key is no text");
    names.insert(key->as_string());
  }
  return names;
}

void NamespaceBlacklist::poll(const std::stop_token& stop) {
  std::chrono::milliseconds pause = config_.retry_first;
  while (!stop.stop_requested()) {
    const base::Status status = refresh();
    if (!status && !cancelled_) log_.warn("NamespaceBlacklist", status.error().message);
    const auto sleep = status ? config_.interval : std::min(pause, config_.interval);
    pause = status ? config_.retry_first : 2 * sleep;
    std::unique_lock lock(sleep_mutex_);
    wake_.wait_for(lock, stop, sleep, [] { return false; });
  }
}

}  // namespace invoker_couchdb
