#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "storage_control/protocol.h"

// Whatever is understood is written and understood alike.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto call = storage_control::decode_call(bytes)) {
    const auto again = storage_control::decode_call(storage_control::encode(*call));
    CHECK(again && *again == *call);
  }
  if (const auto answer = storage_control::decode_answer(bytes); answer && answer->value) {
    if (const auto report = storage_control::report_from(*answer->value)) {
      CHECK(storage_control::report_from(storage_control::report_to_json(*report)).ok());
    }
    (void)storage_control::welcome_from(*answer->value).ok();
    (void)storage_control::opened_from(*answer->value).ok();
  }
  return 0;
}
