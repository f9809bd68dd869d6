// Any annotations: hints are read or refused with a sentence, and what is read keeps the promises
// that later code relies on.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "hints/capabilities.h"
#include "hints/parse.h"
#include "hints/rules.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_volume(const hints::Volume& volume, std::string_view path) {
  require(volume.path.starts_with('/') && volume.path.size() > 1 && !volume.path.ends_with('/'));
  for (const char* bad : {"//", "/../", "/./"}) {
    require((volume.path + "/").find(bad) == std::string::npos);
  }
  require(!volume.name.empty() && volume.name.find('/') == std::string::npos);
  require(!volume.quota_bytes || *volume.quota_bytes > 0);
  hints::Volume reduced = volume;
  reduced.rules = hints::effective_rules(volume);
  require(hints::tier_of(reduced, path) == hints::tier_of(volume, path));
}

void check_annotation(const char* key, const base::Json& value, std::string_view path) {
  base::Json list = base::Json::array();
  list.append(base::Json::object({{"key", key}, {"value", value}}));
  const auto hints = hints::parse(list);
  if (!hints.ok()) {
    const std::string& message = hints.error().message;
    require(message.starts_with("annotation") && message.find('\n') == std::string::npos);
    require(base::is_utf8(message) && message.size() < 4096);
    return;
  }
  for (const hints::Volume& volume : hints->volumes) check_volume(volume, path);
  const auto status = hints::check(*hints, hints::plain_directories(), "guest");
  require(status.ok() || !status.error().message.empty());
}

}  // namespace

// The first line is a path, the rest the value of each annotation in turn.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line_end = std::min(input.find('\n'), input.size());
  std::string_view path = input.substr(0, line_end);
  if (path.find("//") != path.npos || path.starts_with('/') || path.ends_with('/')) path = "a/b";
  const std::string_view rest = input.substr(std::min(line_end + 1, input.size()));
  const auto value = base::Json::parse(rest);
  for (const char* key : {"volumes", "locality", "gpu", "delivery"}) {
    check_annotation(key, value.ok() ? *value : base::Json(base::to_utf8(rest)), path);
  }
  if (value.ok()) static_cast<void>(hints::parse(*value).ok());
  return 0;
}
