// The annotation `locality`: what the action will read, and how long it may wait for a near place.
#include <algorithm>

#include "base/text.h"
#include "hints/parse.h"
#include "hints/rules.h"
#include "object_reader.h"
#include "readers.h"

namespace hints {
namespace {

using base::Json;
using base::Status;

// `text` with each {parameter} replaced by x, so that the rest can be checked as a pattern; a half
// sentence where braces do not pair around a name.
base::Result<std::string> without_parameters(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const std::size_t open = std::min(text.find_first_of("{}"), text.size());
    plain += text.substr(0, open);
    text.remove_prefix(open);
    if (text.empty()) break;
    const std::size_t close = text.find_first_of("{}", 1);
    if (text[0] == '}' || close == text.npos || text[close] == '{' || close == 1) {
      return base::Error{base::ErrorCode::kInvalidArgument,
                         "has a brace that is not part of a {parameter}"};
    }
    plain += 'x';
    text.remove_prefix(close + 1);
  }
  return plain;
}

Status check_read(const std::string& place, const Json& value) {
  if (!value.is_string()) return refusal(place, "found " + show(value) + " instead of a string");
  const auto plain = without_parameters(value.as_string());
  if (!plain) return refusal(place, show(value) + " " + plain.error().message);
  if (auto status = check_pattern(*plain); !status) {
    return refusal(place,
                   status.error().message +
                       "; allowed is VOLUME or VOLUME/PATTERN, such as \"photos/{album}/**\"");
  }
  return {};
}

Status read_reads(const std::string& place, const Json& value, std::vector<std::string>& reads) {
  if (value.is_string()) {
    TRY_STATUS(check_read(place, value));
    reads.push_back(value.as_string());
    return {};
  }
  if (!value.is_array() || value.items().empty() || value.items().size() > kReadsMax) {
    return refusal(place, "found " + show(value) + "; allowed are a string or an array of 1 to " +
                              std::to_string(kReadsMax) + " strings");
  }
  for (const Json& item : value.items()) {
    TRY_STATUS(check_read(place + "[" + std::to_string(reads.size()) + "]", item));
    reads.push_back(item.as_string());
  }
  return {};
}

Status read_key(const std::string& place, const Json& value, std::optional<std::string>& key) {
  if (!value.is_string() || value.as_string().empty() || value.as_string().size() > kKeyBytesMax) {
    return refusal(place,
                   show(value) + " is no text of 1 to " + std::to_string(kKeyBytesMax) + " bytes");
  }
  const auto plain = without_parameters(value.as_string());
  if (!plain) return refusal(place, show(value) + " " + plain.error().message);
  key = value.as_string();
  return {};
}

}  // namespace

base::Result<Locality> read_locality(const Json& value) {
  Locality locality;
  int wait_ms = 0;
  ObjectReader reader("annotation 'locality'", value);
  reader.with("reads", [&](const std::string& place, const Json& reads) {
    return read_reads(place, reads, locality.reads);
  });
  reader.with("key", [&](const std::string& place, const Json& key) {
    return read_key(place, key, locality.key);
  });
  reader.whole("waitMs", {0, static_cast<int>(kWaitMax.count())}, wait_ms);
  TRY_STATUS(reader.finish());
  locality.wait = std::chrono::milliseconds(wait_ms);
  if (locality.reads.empty() && !locality.key) {
    return refusal("annotation 'locality'", "one of the keys \"reads\" and \"key\" is needed");
  }
  return locality;
}

}  // namespace hints
