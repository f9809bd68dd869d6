#include "report.h"

#include <algorithm>

#include "base/text.h"
#include "keys.h"

namespace invoker_settings {
namespace {

std::string suggestion(std::string_view path) {
  std::vector<std::string_view> known;
  for (const Key& key : used_keys()) known.push_back(key.path);
  const std::string_view meant = base::nearest(path, known);
  return meant.empty() ? "" : "; did you mean " + std::string(meant) + "?";
}

std::string line(const std::string& path, const base::Json& value, const std::string& origin) {
  const std::string shown = is_secret(path) && !value.is_null() ? "***" : value.to_string();
  std::string text = path;
  return text.append(" = ").append(shown).append("  (").append(origin).append(")\n");
}

std::string lines(const Key& key, const Layers& layers) {
  const std::string path(key.path);
  if (const Value* value = layers.find(path)) return line(path, value->value, value->origin);
  std::string result;
  const std::string prefix = path + ".";
  for (const auto& [name, value] : layers.below(path)) {
    result += line(std::string(prefix).append(name), value->value, value->origin);
  }
  return result.empty() && key.shape == Shape::kOne ? line(path, {}, "not set") : result;
}

template <typename T>
std::string argument(const char* name, const std::optional<T>& value) {
  return value ? line(name, *value, "command line") : line(name, {}, "not set");
}

bool is_below(std::string_view path, std::string_view tree) {
  return path.size() > tree.size() && path.starts_with(tree) && path[tree.size()] == '.';
}

// Time zones other than ours are worth a word; ours is not.
bool goes_without_saying(const std::string& path, const Value& value) {
  return path == "TZ" && value.value == base::Json("UTC");
}

}  // namespace

base::Result<std::vector<std::string>> notices_of(const Layers& layers) {
  std::vector<std::string> notices;
  for (const auto& [path, value] : layers.all()) {
    if (used_key(path) != nullptr || goes_without_saying(path, value)) continue;
    const std::string_view reason = reason_not_used(path);
    if (!reason.empty()) {
      notices.push_back("not used: " + value.name + " (" + std::string(reason) + ")");
    } else if (path.starts_with("larder.")) {
      return base::Error{
          base::ErrorCode::kInvalidArgument,
          value.origin + ": unknown setting " + base::quoted(path) + suggestion(path)};
    } else {
      notices.push_back("unknown: " + value.name + " (" + path + " is no setting of ours" +
                        suggestion(path) + ")");
    }
  }
  return notices;
}

std::vector<std::string> useless_notices(const Layers& layers, const InvokerSettings& settings) {
  constexpr std::string_view kDockers[] = {"larder.docker", "whisk.container-factory",
                                           "whisk.docker.client", "whisk.runtimes",
                                           "whisk.container-pool.user-cpus"};
  const bool sandboxes = settings.containers.kind == ContainerKind::kSandbox;
  std::vector<std::string> notices;
  for (const auto& [path, value] : layers.all()) {
    if (value.source == Source::kDefault || used_key(path) == nullptr) continue;
    const bool is_dockers = std::ranges::any_of(
        kDockers, [&](std::string_view tree) { return path == tree || is_below(path, tree); });
    if (sandboxes && is_dockers) {
      notices.push_back("not used: " + value.name + " (containers are our own, not Docker's)");
    }
    if (path == "METRICS_KAMON_TAGS" && settings.metrics.stock_tags &&
        !settings.metrics.stock_names) {
      notices.push_back("not used: " + value.name +
                        " (it is for OpenWhisk's metric names, which are not told: "
                        "METRICS_KAMON and CONFIG_whisk_metrics_prometheusEnabled)");
    }
  }
  return notices;
}

std::string describe(const Layers& layers, const IdentitySettings& identity) {
  std::string result = argument("--id", identity.id) +
                       argument("--uniqueName", identity.unique_name) +
                       argument("--displayedName", identity.displayed_name) +
                       argument("--overwriteId", identity.overwrite_id);
  for (const Key& key : used_keys()) result += lines(key, layers);
  return result;
}

}  // namespace invoker_settings
