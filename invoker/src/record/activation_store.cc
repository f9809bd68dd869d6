#include "invoker/activation_store.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace invoker {
namespace {

constexpr std::array<std::pair<std::string_view, StoreLevel>, 3> kLevels = {{
    {"STORE_ALWAYS", StoreLevel::kAlways},
    {"STORE_FAILURES", StoreLevel::kFailures},
    {"STORE_FAILURES_NOT_APPLICATION_ERRORS", StoreLevel::kFailuresNotApplicationErrors},
}};

bool namespace_stores(const Identity& user) {
  const base::Json* const own = user.limits.find("storeActivations");
  return own == nullptr || !own->is_bool() || own->as_bool();
}

// [id, start, true, ...]
bool logs_more(const TransactionId& transid) {
  if (!transid.json.is_array() || transid.json.items().size() < 3) return false;
  const base::Json& mark = transid.json.items()[2];
  return mark.is_bool() && mark.as_bool();
}

bool keeps(StoreLevel level, StatusCode code) {
  switch (level) {
    case StoreLevel::kAlways:
      return true;
    case StoreLevel::kFailures:
      return code != StatusCode::kSuccess;
    case StoreLevel::kFailuresNotApplicationErrors:
      break;
  }
  return code == StatusCode::kDeveloperError || code == StatusCode::kWhiskError;
}

}  // namespace

ActivationRecord to_record(const Activation& activation, std::int64_t updated_ms) {
  ActivationRecord record;
  record.id = activation.namespace_name + "/" + activation.activation_id;
  base::Json document = to_document(activation);
  document.set("_id", record.id).set("entityType", "activation").set("updated", updated_ms);
  record.document = document.to_string();
  return record;
}

base::Result<StoreLevel> parse_store_level(std::string_view text) {
  for (const auto& [name, level] : kLevels)
    if (text == name) return level;
  return base::Error{base::ErrorCode::kInvalidArgument,
                     base::quoted(text) +
                         " is no level of storing: it is STORE_ALWAYS, STORE_FAILURES or "
                         "STORE_FAILURES_NOT_APPLICATION_ERRORS"};
}

bool is_stored(const ActivationMessage& message, const Activation& activation,
               const StorePolicy& policy) {
  if (!namespace_stores(message.user)) return false;
  const StoreLevel level = message.blocking ? policy.blocking : policy.non_blocking;
  return logs_more(message.transid) || keeps(level, activation.response.code);
}

}  // namespace invoker
