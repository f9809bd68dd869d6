// Cards of nodes, as any bytes: what is read can be written and read again, and asked for bytes.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "invoker_locality/card_codec.h"
#include "invoker_locality/fleet_view.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invoker_locality;
  const auto decoded = decode({reinterpret_cast<const char*>(data), size});
  if (!decoded) return 0;
  const base::Instant now = base::Instant() + std::chrono::hours(1);
  FleetView view({.own_instance = -1});
  if (const auto* pulse = std::get_if<NodePulse>(&*decoded)) {
    view.hear(*pulse, size, Era::kNow, now);
    return 0;
  }
  const auto& card = std::get<NodeCard>(*decoded);
  const auto again = decode(encode(card));
  if (!again || std::get<NodeCard>(*again) != card) std::abort();
  view.hear(card, size, Era::kNow, now);
  for (const VolumeBytes& volume : card.volumes) {
    if (bytes_below(volume, "a/b") < 0) std::abort();
  }
  view.gone(card.life.instance);
  if (view.bytes() != 0) std::abort();
  return 0;
}
