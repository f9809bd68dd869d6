// Activation messages from arbitrary bytes: never a crash, and what was read can be read again.
#include <string_view>

#include "base/check.h"
#include "invoker/message_json.h"
#include "invoker/runtime_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const base::WallTime now{std::chrono::seconds(1)};
  const auto message = invoker::parse_activation_message(text, now);
  if (!message) {
    CHECK(!message.error().message.empty());
    return 0;
  }
  const base::Json json = invoker::to_json(*message);
  const auto again = invoker::parse_activation_message(json.to_string(), now);
  CHECK(again.ok());
  CHECK(invoker::to_json(*again) == json);
  const invoker::Action action;
  CHECK(base::Json::parse(invoker::init_body(*message, action, 1)).ok());
  CHECK(base::Json::parse(invoker::run_body(*message, action, 1)).ok());
  return 0;
}
