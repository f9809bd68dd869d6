// Any bytes: what is read as JSON must be written, read and written again to the same text.
#include "base/json.h"

#include <cstdlib>
#include <string_view>

#include "base/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(base::Json::parse_with_comments(text).ok());
  const auto json = base::Json::parse(text);
  if (!json.ok()) return 0;
  const std::string written = json->to_string();
  if (!base::is_utf8(written)) std::abort();
  for (const std::string& form : {written, json->to_pretty_string()}) {
    const auto again = base::Json::parse(form);
    if (!again.ok() || !(*again == *json) || again->to_string() != written) std::abort();
  }
  const base::Json copy = *json;
  static_cast<void>(copy.as_int64());
  return 0;
}
