#include "invoker_couchdb/database_probe.h"

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "database.h"

namespace invoker_couchdb {
namespace {

using base::Error;
using base::ErrorCode;

// Whoever asks whether it is there is not to wait as long as whoever needs it.
constexpr std::chrono::milliseconds kPatience{5'000};

CouchSettings with_patience(CouchSettings settings) {
  settings.connect_timeout = std::min(settings.connect_timeout, kPatience);
  settings.request_timeout = std::min(settings.request_timeout, kPatience);
  return settings;
}

}  // namespace

DatabaseProbe::DatabaseProbe(const CouchSettings& settings) : settings_(with_patience(settings)) {
  const auto set = [this](Asked& one, const std::string& name) {
    one.name = name;
    one.database = std::make_unique<Database>(settings_, name, cancelled_);
  };
  set(databases_[0], settings_.actions);
  set(databases_[1], settings_.activations);
  set(databases_[2], settings_.subjects);
}

DatabaseProbe::~DatabaseProbe() = default;

base::Status DatabaseProbe::check() {
  bool go_on = true;
  while (go_on) {
    Asked* const bad = failing();
    Asked& one = bad != nullptr ? *bad : databases_[next_++ % databases_.size()];
    one.status = ask(one);
    go_on = one.status.ok() && next_ < databases_.size();
  }
  const Asked* const bad = failing();
  return bad != nullptr ? bad->status : base::Status();
}

DatabaseProbe::Asked* DatabaseProbe::failing() {
  auto* const found =
      std::ranges::find_if(databases_, [](const Asked& one) { return !one.status.ok(); });
  return found == databases_.end() ? nullptr : found;
}

base::Status DatabaseProbe::ask(Asked& one) const {
  TRY(const invoker_http::HttpAnswer answer, one.database->get("", std::nullopt));
  switch (answer.status) {
    case 200:
      return {};
    case 401:
    case 403:
      return Error{ErrorCode::kPermissionDenied,
                   describe("user " + base::quoted(settings_.username) +
                                " and the password given "
                                "do not open the database " +
                                one.name,
                            answer)};
    case 404:
      return Error{ErrorCode::kNotFound, describe("no database is called " + one.name, answer)};
    default:
      return Error{ErrorCode::kUnavailable, describe("database " + one.name, answer)};
  }
}

}  // namespace invoker_couchdb
