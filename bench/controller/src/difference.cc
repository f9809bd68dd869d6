// What an acknowledged or stored activation must say about a call.
#include "base/text.h"
#include "controller_sim/books.h"

namespace controller_sim {
namespace {

using base::Json;

std::string unlike(std::string_view what, std::string_view wanted, std::string_view came) {
  if (wanted == came) return {};
  return std::string(what) + " is " + base::quoted(came) + ", not " + base::quoted(wanted);
}

std::string text_of(const Json* json) { return json == nullptr ? "missing" : json->to_string(); }

std::string unlike_annotation(const AckedActivation& activation, std::string_view key,
                              const Json& wanted) {
  const Json* came = activation.annotation(key);
  if (came != nullptr && *came == wanted) return {};
  return "annotation " + std::string(key) + " is " + text_of(came) + ", not " + wanted.to_string();
}

std::string unlike_outcome(const Expectation& wanted, const AckedActivation& activation) {
  if (!wanted.allows(activation.status)) {
    const std::string result = activation.result ? activation.result->to_string() : "none";
    return "status code is " + std::to_string(activation.status) + ", not " +
           std::to_string(wanted.status) + "; result " + base::quoted(result);
  }
  if (wanted.result && (!activation.result || !(*activation.result == *wanted.result))) {
    const std::string came = activation.result ? activation.result->to_string() : "missing";
    return unlike("result", wanted.result->to_string(), came);
  }
  const bool has_error = activation.result && activation.result->find("error") != nullptr;
  if (wanted.status != 0 && !has_error) return "result holds no \"error\"";
  return {};
}

}  // namespace

std::string difference(const Books& books, const Entry& entry, const AckedActivation& activation) {
  const BooksConfig& config = books.config();
  const ActionTerms& terms = config.actions[entry.call.action];
  const Json limits = Json::object({{"timeout", terms.timeout.count()},
                                    {"memory", terms.memory_mb},
                                    {"logs", terms.logs_mb},
                                    {"concurrency", terms.concurrency}});
  const bool times_fit = activation.start_ms <= activation.end_ms && activation.start_ms > 0;
  for (std::string wrong :
       {unlike_outcome(books.expectation_of(entry.call), activation),
        unlike("namespace", config.namespace_name, activation.namespace_name),
        unlike("subject", config.subject, activation.subject),
        unlike("name", terms.name, activation.name),
        unlike("version", terms.version, activation.version),
        unlike_annotation(activation, "path", terms.full_name()),
        unlike_annotation(activation, "limits", limits),
        std::string(times_fit ? "" : "start and end do not fit"),
        std::string(activation.annotation("waitTime") ? "" : "annotation waitTime is missing")}) {
    if (!wrong.empty()) return wrong;
  }
  return {};
}

}  // namespace controller_sim
