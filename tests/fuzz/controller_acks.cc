// What comes from invokers, from arbitrary bytes: never a crash, and what is read holds what it
// must.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "controller_sim/ack.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto ack = controller_sim::read_ack(text);
  if (ack) {
    CHECK(controller_sim::is_activation_id(ack->id));
    CHECK(ack->instance || ack->has_response);
    CHECK(!ack->activation || ack->activation->id == ack->id);
  } else {
    CHECK(!ack.error().message.empty());
  }
  const auto ping = controller_sim::read_ping(text);
  if (ping) CHECK(ping->instance.id >= 0);
  const auto event = controller_sim::read_event(text);
  if (event && event->type == "Activation") {
    CHECK(controller_sim::is_activation_id(event->activation_id));
  }
  return 0;
}
