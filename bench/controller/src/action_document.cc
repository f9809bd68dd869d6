#include "controller_sim/action_document.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"

namespace controller_sim {
namespace {

using base::Json;

constexpr std::string_view kTextType = "text/plain; charset=UTF-8";

// Base64 for URLs, with padding.
std::string base64url(std::string_view bytes) {
  std::string text = base::encode_base64(bytes);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

Json annotation(std::string_view key, Json value) {
  return Json::object({{"key", key}, {"value", std::move(value)}});
}

Json annotations_of(const std::string& kind, const Json& more) {
  Json list = Json::array();
  list.append(annotation("provide-api-key", false));
  list.append(annotation("exec", kind));
  if (more.is_object()) {
    for (const auto& [key, value] : more.members()) list.append(annotation(key, value));
  }
  return list;
}

// A greeting that init_args_of() names, as the action's own default.
Json parameters_of(const Behaviour& behaviour) {
  Json list = Json::array();
  const Json content = content_for(behaviour, 0);
  for (const std::string& name : init_args_of(behaviour)) {
    list.append(Json::object({{"key", name}, {"value", *content.find(name)}, {"init", true}}));
  }
  return list;
}

Json skeleton(const std::string& path, const std::string& name, const std::string& version) {
  return Json::object({{"_id", path + "/" + name},
                       {"entityType", "action"},
                       {"namespace", path},
                       {"name", name},
                       {"version", version},
                       {"publish", false}});
}

Json limits_of(std::int64_t timeout_ms, std::int64_t memory_mb, int logs_mb, int concurrency) {
  return Json::object({{"timeout", timeout_ms},
                       {"memory", memory_mb},
                       {"logs", logs_mb},
                       {"concurrency", concurrency}});
}

}  // namespace

std::vector<std::string> init_args_of(const Behaviour& behaviour) {
  if (behaviour.deed != Deed::kInit) return {};
  return {"GREETING"};
}

ActionDocument action_document(const ActionTerms& terms, const std::string& code,
                               const Json& annotations, std::int64_t now_ms, Random& random) {
  const bool attached = code.size() >= kInlineCodeMax;
  Json reference = Json::object({{"attachmentType", kTextType}});
  reference.set("attachmentName",
                attached ? "couch:" + random_uuid(random) : "mem:" + base64url(code));
  if (!attached) reference.set("length", static_cast<std::uint64_t>(code.size()));
  Json document = skeleton(terms.path, terms.name, terms.version);
  document.set(
      "exec",
      Json::object({{"kind", terms.kind}, {"code", std::move(reference)}, {"binary", false}}));
  document.set("limits",
               limits_of(terms.timeout.count(), terms.memory_mb, terms.logs_mb, terms.concurrency));
  document.set("parameters", parameters_of(terms.behaviour));
  document.set("annotations", annotations_of(terms.kind, annotations));
  document.set("updated", now_ms);
  return {std::move(document), attached ? code : std::string()};
}

Json health_document(const std::string& controller, const std::string& kind,
                     const std::string& code, std::int64_t memory_mb, std::int64_t now_ms) {
  constexpr std::int64_t kTimeoutMs = 60'000;
  Json document = skeleton("whisk.system", health_action_name(controller), "0.0.1");
  document.set("exec", Json::object({{"kind", kind}, {"code", code}, {"binary", false}}));
  document.set("limits", limits_of(kTimeoutMs, memory_mb, 10, 1));
  document.set("parameters", Json::array());
  document.set("annotations", annotations_of(kind, Json()));
  document.set("updated", now_ms);
  return document;
}

}  // namespace controller_sim
