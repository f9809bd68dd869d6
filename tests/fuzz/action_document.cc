// Documents of the entity store: whatever is in them, they are read or refused, and code of an
// action that was read can be sent to a runtime.
#include "invoker/action_document.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "invoker/locked_parameters.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto json = base::Json::parse(bytes);
  if (!json) return 0;
  const auto read = invoker::parse_action_document(*json, {});
  if (read) {
    require(!read->attachment || (!read->attachment->empty() && !read->action.exec.code));
    require(read->action.limits.memory_bytes >= 0);
    require(base::Json::parse(base::Json(read->action.exec.code.value_or("")).to_string()).ok());
  }
  // The same text as what a caller claims to be encrypted.
  const invoker::ParameterKeys keys{.aes_128 = "kkkkkkkkkkkkkkkk",
                                    .aes_256 = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"};
  const auto opened = invoker::unlock_parameters(*json, {{"a", "aes-128"}, {"b", "aes-256"}}, keys);
  require(opened.ok() || json->is_object());
  return 0;
}
