#include "invoker/runtimes.h"

#include <algorithm>

#include "base/text.h"
#include "manifest/stem_cells.h"

namespace invoker {
namespace {

base::Error bad(const std::string& what) {
  return {base::ErrorCode::kInvalidArgument, "runtimes manifest: " + what};
}

std::string text_of(const base::Json& object, std::string_view key) {
  const base::Json* value = object.find(key);
  return value != nullptr && value->is_string() ? value->as_string() : std::string();
}

bool flag_of(const base::Json& object, std::string_view key, bool otherwise = false) {
  const base::Json* value = object.find(key);
  return value != nullptr && value->is_bool() ? value->as_bool() : otherwise;
}

ImageName image_of(const base::Json& image) {
  return {text_of(image, "registry"), text_of(image, "prefix"), text_of(image, "name"),
          text_of(image, "tag")};
}

base::Status read_stem_cells(const base::Json& json, Runtime& runtime) {
  const base::Json* list = json.find("stemCells");
  if (list == nullptr || list->is_null()) return {};
  if (!list->is_array()) return bad("stemCells of '" + runtime.kind + "' must be a list");
  for (const base::Json& item : list->items()) {
    auto cells = parse_stem_cells(item);
    if (!cells) return bad("stemCells of '" + runtime.kind + "': " + cells.error().message);
    runtime.stem_cells.push_back(*cells);
  }
  return {};
}

base::Result<Runtime> parse_runtime(const std::string& family, const base::Json& json) {
  Runtime runtime;
  runtime.family = family;
  runtime.kind = base::lower_case(base::trimmed(text_of(json, "kind")));
  if (runtime.kind.empty()) return bad("a runtime of family '" + family + "' has no kind");
  if (const base::Json* image = json.find("image")) runtime.image_name = image_of(*image);
  if (runtime.image_name.name.empty()) {
    return bad("'" + runtime.kind + "' has no image with a name");
  }
  runtime.image = runtime.image_name.text();
  runtime.is_default = flag_of(json, "default");
  runtime.deprecated = flag_of(json, "deprecated");
  runtime.require_main = flag_of(json, "requireMain");
  runtime.sentinelled_logs = flag_of(json, "sentinelledLogs", true);
  runtime.attached = json.find("attached") != nullptr && !json.find("attached")->is_null();
  TRY_STATUS(read_stem_cells(json, runtime));
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

base::Result<std::vector<ImageName>> parse_blackboxes(const base::Json& manifest) {
  std::vector<ImageName> images;
  const base::Json* list = manifest.find("blackboxes");
  if (list == nullptr || list->is_null()) return images;
  if (!list->is_array()) return bad("'blackboxes' must be a list");
  for (const base::Json& json : list->items()) {
    images.push_back(image_of(json));
    if (images.back().name.empty()) return bad("an image of 'blackboxes' has no name");
  }
  return images;
}

}  // namespace

std::string ImageName::text(std::string_view default_registry) const {
  std::string result;
  for (const std::string_view part :
       {registry.empty() ? default_registry : std::string_view(registry),
        std::string_view(prefix)}) {
    result += part;
    if (!part.empty() && !part.ends_with('/')) result += '/';
  }
  result += name;
  return tag.empty() ? result : result + ":" + tag;
}

bool operator==(const ImageName& a, const ImageName& b) {
  const auto tag = [](const ImageName& image) -> std::string_view {
    return image.tag.empty() ? std::string_view("latest") : std::string_view(image.tag);
  };
  return a.name == b.name && a.registry == b.registry && a.prefix == b.prefix && tag(a) == tag(b);
}

base::Result<Runtimes> Runtimes::parse(const base::Json& manifest) {
  const base::Json* families = manifest.find("runtimes");
  if (families == nullptr || !families->is_object()) return bad("'runtimes' must be an object");
  Runtimes parsed;
  for (const auto& [family, list] : families->members()) {
    if (!list.is_array() || list.items().empty()) return bad("'" + family + "' must be a list");
    std::vector<Runtime> runtimes;
    for (const base::Json& json : list.items()) {
      TRY(Runtime runtime, parse_runtime(family, json));
      const bool again =
          std::ranges::find(runtimes, runtime.kind, &Runtime::kind) != runtimes.end();
      if (again || parsed.resolve(runtime.kind) != nullptr) {
        return bad("two kinds '" + runtime.kind + "'");
      }
      runtimes.push_back(std::move(runtime));
    }
    TRY_STATUS(choose_default(family, runtimes));
    parsed.all_.insert(parsed.all_.end(), runtimes.begin(), runtimes.end());
  }
  TRY(parsed.blackboxes_, parse_blackboxes(manifest));
  return parsed;
}

const Runtime* Runtimes::resolve(std::string_view kind) const {
  const std::string wanted = base::lower_case(base::trimmed(kind));
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

}  // namespace invoker
