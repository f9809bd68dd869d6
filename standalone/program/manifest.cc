#include "manifest.h"

namespace program {

using base::Json;

base::Result<standalone::Runtimes> manifest_of(const std::vector<std::string>& kinds) {
  Json families = Json::object();
  for (const std::string& kind : kinds) {
    const auto colon = kind.find(':');
    if (colon == kind.npos) continue;
    Json entry = Json::object();
    entry.set("kind", kind).set("default", true);
    entry.set("image", Json::object({{"prefix", "host"},
                                     {"name", kind.substr(0, colon)},
                                     {"tag", kind.substr(colon + 1)}}));
    entry.set("attached",
              Json::object({{"attachmentName", "codefile"}, {"attachmentType", "text/plain"}}));
    families.set(kind.substr(0, colon), Json::array().append(std::move(entry)));
  }
  return standalone::Runtimes::parse(Json::object({{"runtimes", std::move(families)}}));
}

}  // namespace program
