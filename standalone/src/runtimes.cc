#include "standalone/runtimes.h"

#include <algorithm>

#include "text.h"

namespace standalone {
namespace {

base::Error bad(const std::string& what) {
  return {base::ErrorCode::kInvalidArgument, "runtimes manifest: " + what};
}

std::string text_of(const base::Json& object, std::string_view key) {
  const base::Json* value = object.find(key);
  return value != nullptr && value->is_string() ? value->as_string() : std::string();
}

bool flag_of(const base::Json& object, std::string_view key) {
  const base::Json* value = object.find(key);
  return value != nullptr && value->is_bool() && value->as_bool();
}

// registry/prefix/name:tag, empty parts left out.
base::Result<std::string> image_of(const base::Json& runtime, const std::string& kind) {
  const base::Json* image = runtime.find("image");
  const std::string name = image == nullptr ? "" : text_of(*image, "name");
  if (name.empty()) return bad("'" + kind + "' has no image with a name");
  std::string text;
  for (const char* key : {"registry", "prefix"}) {
    const std::string part = text_of(*image, key);
    if (!part.empty()) text += part + (part.ends_with('/') ? "" : "/");
  }
  text += name;
  const std::string tag = text_of(*image, "tag");
  return tag.empty() ? text : text + ":" + tag;
}

base::Result<Runtime> parse_runtime(const std::string& family, const base::Json& json) {
  Runtime runtime;
  runtime.family = family;
  runtime.kind = to_lower(trim(text_of(json, "kind")));
  if (runtime.kind.empty()) return bad("a runtime of family '" + family + "' has no kind");
  TRY(runtime.image, image_of(json, runtime.kind));
  runtime.is_default = flag_of(json, "default");
  runtime.deprecated = flag_of(json, "deprecated");
  runtime.require_main = flag_of(json, "requireMain");
  runtime.attached = json.find("attached") != nullptr && !json.find("attached")->is_null();
  return runtime;
}

base::Status choose_default(const std::string& family, std::vector<Runtime>& runtimes) {
  if (runtimes.size() == 1) {
    runtimes.front().is_default = true;
    return {};
  }
  const auto defaults = std::count_if(runtimes.begin(), runtimes.end(),
                                      [](const Runtime& r) { return r.is_default; });
  if (defaults == 1) return {};
  return bad("family '" + family + "' must have exactly one default kind and has " +
             std::to_string(defaults));
}

}  // namespace

base::Result<Runtimes> Runtimes::parse(const base::Json& manifest) {
  const base::Json* families = manifest.find("runtimes");
  if (families == nullptr || !families->is_object()) return bad("'runtimes' must be an object");
  Runtimes parsed;
  for (const auto& [family, list] : families->members()) {
    if (!list.is_array() || list.items().empty()) return bad("'" + family + "' must be a list");
    std::vector<Runtime> runtimes;
    for (const base::Json& json : list.items()) {
      TRY(Runtime runtime, parse_runtime(family, json));
      if (parsed.resolve(runtime.kind) != nullptr) return bad("two kinds '" + runtime.kind + "'");
      runtimes.push_back(std::move(runtime));
    }
    TRY_STATUS(choose_default(family, runtimes));
    parsed.all_.insert(parsed.all_.end(), runtimes.begin(), runtimes.end());
  }
  return parsed;
}

const Runtime* Runtimes::resolve(std::string_view kind) const {
  const std::string wanted = to_lower(trim(kind));
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const Runtime& runtime) {
    return runtime.kind == wanted || (runtime.is_default && runtime.family + ":default" == wanted);
  });
  return found == all_.end() ? nullptr : &*found;
}

base::Json Runtimes::to_json() const {
  base::Json families = base::Json::object();
  for (const Runtime& runtime : all_) {
    if (families.find(runtime.family) == nullptr) families.set(runtime.family, base::Json::array());
    families.find(runtime.family)
        ->append(base::Json::object({{"kind", runtime.kind},
                                     {"image", runtime.image},
                                     {"deprecated", runtime.deprecated},
                                     {"default", runtime.is_default},
                                     {"attached", runtime.attached},
                                     {"requireMain", runtime.require_main}}));
  }
  return families;
}

}  // namespace standalone
