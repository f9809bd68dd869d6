// Activations that another invoker runs.
#include <charconv>

#include "base/text.h"
#include "sections.h"

namespace invoker_settings {
namespace {

constexpr std::string_view kPeers = "larder.handoff.peers";
constexpr std::size_t kKeyBytesMin = 16;
constexpr int kPortMax = 65'535;

base::Error bad(const std::string& what) { return {base::ErrorCode::kInvalidArgument, what}; }

bool read_number(std::string_view text, int most, int& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 0 && number <= most;
}

// "3=10.0.0.7:7430"
bool read_peer(std::string_view text, HandoffPeer& peer) {
  constexpr int kInvokerMax = 1'000'000;
  const auto equals = text.find('=');
  const auto colon = text.rfind(':');
  int port = 0;
  if (equals == text.npos || colon == text.npos || colon < equals + 2) return false;
  if (!read_number(text.substr(0, equals), kInvokerMax, peer.invoker)) return false;
  if (!read_number(text.substr(colon + 1), kPortMax, port) || port == 0) return false;
  peer.host = text.substr(equals + 1, colon - equals - 1);
  peer.port = static_cast<std::uint16_t>(port);
  return true;
}

base::Status read_trust(const Reader& reader, HandoffSettings& handoff) {
  const auto read = [&](const char* name, std::string& value) -> base::Status {
    TRY(auto text, reader.optional_text("larder.handoff." + std::string(name)));
    value = std::move(text).value_or("");
    return {};
  };
  TRY_STATUS(read("key", handoff.key));
  TRY_STATUS(read("certificate", handoff.certificate));
  TRY_STATUS(read("private-key", handoff.private_key));
  TRY_STATUS(read("authority", handoff.authority));
  const bool all =
      !handoff.certificate.empty() && !handoff.private_key.empty() && !handoff.authority.empty();
  const bool some =
      !handoff.certificate.empty() || !handoff.private_key.empty() || !handoff.authority.empty();
  if (some != all) {
    return bad("larder.handoff.certificate, .private-key and .authority are wanted together");
  }
  if (all && !handoff.key.empty()) {
    return bad(
        "larder.handoff.key is for labs without certificates, and larder.handoff.certificate "
        "is set");
  }
  if (!handoff.key.empty() && handoff.key.size() < kKeyBytesMin) {
    return reader.wrong("larder.handoff.key", "is shorter than 16 bytes");
  }
  return {};
}

}  // namespace

base::Status read_handoff(const Reader& reader, InvokerSettings& settings) {
  HandoffSettings& handoff = settings.handoff;
  TRY_STATUS(read_trust(reader, handoff));
  TRY(handoff.address, reader.text("larder.handoff.address"));
  TRY(const int port, reader.small("larder.handoff.port", 0, kPortMax));
  handoff.port = static_cast<std::uint16_t>(port);
  TRY(handoff.takes_guests, reader.flag("larder.handoff.guests"));
  TRY(handoff.reserve_bytes, reader.bytes("larder.handoff.reserve", 0));
  TRY(handoff.budget, reader.duration("larder.handoff.budget"));
  TRY(handoff.drill_percent, reader.small("larder.handoff.drill", 0, 100));
  TRY(const auto peers, reader.list(kPeers));
  for (const std::string& text : peers) {
    if (!read_peer(base::trimmed(text), handoff.peers.emplace_back())) {
      return reader.wrong(kPeers, "is not of N=HOST:PORT with commas between them");
    }
  }
  if (handoff.reserve_bytes >= settings.pool.memory_bytes) {
    return reader.wrong("larder.handoff.reserve", "leaves nothing of the pool's memory");
  }
  return {};
}

}  // namespace invoker_settings
