#include "invoker/container_name.h"

#include <algorithm>

#include "base/check.h"

namespace invoker {
namespace {

constexpr std::int64_t kSharesOfAll = 1024;
constexpr std::int64_t kSharesMin = 2;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Appends the characters of `text` that may stand in a name; `marks` may too.
void append_filtered(std::string& out, std::string_view text, std::string_view marks) {
  std::ranges::copy_if(text, std::back_inserter(out),
                       [&](char c) { return is_word(c) || marks.find(c) != marks.npos; });
}

}  // namespace

std::string container_name_prefix(std::string_view prefix) {
  std::string name;
  append_filtered(name, prefix, ".-");
  return name += '_';
}

std::string container_name(std::string_view prefix, std::string_view counter,
                           std::string_view owner, std::string_view what) {
  std::string name = container_name_prefix(prefix);
  name.append(counter).append("_");
  append_filtered(name, owner, "");
  name += '_';
  append_filtered(name, what, "");
  return name;
}

int cpu_shares(std::int64_t pool_memory_bytes, std::int64_t container_memory_bytes) {
  CHECK(container_memory_bytes > 0);
  const std::int64_t fitting =
      std::max<std::int64_t>(pool_memory_bytes / container_memory_bytes, 1);
  return static_cast<int>(std::max(kSharesOfAll / fitting, kSharesMin));
}

}  // namespace invoker
