#include "invoker_locality/card_codec.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base_net/bytes.h"

namespace invoker_locality {
namespace {

using base_net::ByteReader;
using base_net::ByteWriter;

constexpr std::string_view kMark = "LC1";
constexpr std::uint8_t kCard = 1;
constexpr std::uint8_t kPulse = 2;
enum Section : std::uint8_t { kLife = 1, kNumbers, kPlace, kWarm, kPrewarmed, kVolumes, kThings };

constexpr std::int64_t kMemoryMbMax = 1LL << 30;  // a pebibyte
constexpr std::int64_t kBytesUnit = 1024;         // residency is told in KiB
constexpr std::uint32_t kLoadUnit = 1000;         // load in thousandths
constexpr std::uint32_t kLoadMax = 100 * kLoadUnit;
constexpr std::uint32_t kTurnMax = 3'600'000 * 1000U;  // an hour
constexpr std::int64_t kNextMinMs = 100;
constexpr std::int64_t kNextMaxMs = 60'000;

template <typename To>
To saturated(std::int64_t value) {
  constexpr auto kMost = static_cast<std::int64_t>(std::numeric_limits<To>::max());
  return static_cast<To>(std::clamp<std::int64_t>(value, 0, kMost));
}

std::uint32_t thousandths(double value, std::uint32_t most) {
  const double scaled = std::round(value * kLoadUnit);
  if (!(scaled > 0)) return 0;
  return scaled >= most ? most : static_cast<std::uint32_t>(scaled);
}

std::uint32_t kib(std::int64_t bytes) {
  return saturated<std::uint32_t>(bytes / kBytesUnit + (bytes % kBytesUnit > 0 ? 1 : 0));
}

void section(ByteWriter& out, Section number, ByteWriter body) {
  out.number(static_cast<std::uint8_t>(number)).text(body.take());
}

ByteWriter life_of(const NodeLife& life, std::uint64_t version, milliseconds next_within) {
  ByteWriter body;
  body.number(saturated<std::uint32_t>(life.instance)).number(life.incarnation).number(version);
  body.number(static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(next_within.count(), kNextMinMs, kNextMaxMs)));
  return body;
}

ByteWriter numbers_of(const NodeNumbers& numbers) {
  ByteWriter body;
  for (const std::int64_t mb :
       {numbers.memory_mb, numbers.free_memory_mb, numbers.guest_memory_mb}) {
    body.number(static_cast<std::uint32_t>(std::clamp<std::int64_t>(mb, 0, kMemoryMbMax)));
  }
  body.number(thousandths(numbers.load, kLoadMax)).number(thousandths(numbers.turn_ms, kTurnMax));
  body.number(static_cast<std::uint8_t>(numbers.takes_guests));
  return body;
}

ByteWriter place_of(const NodeCard& card) {
  ByteWriter body;
  body.text(std::string_view(card.name).substr(0, kNameBytesMax));
  body.text(std::string_view(card.software).substr(0, kNameBytesMax));
  body.text(std::string_view(card.address).substr(0, kNameBytesMax)).number(card.port);
  return body;
}

ByteWriter warm_of(const NodeCard& card) {
  const auto count = std::min(card.warm.size(), kWarmMax);
  ByteWriter body;
  body.number(static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    body.number(card.warm[i].action).number(saturated<std::uint16_t>(card.warm[i].idle));
  }
  return body;
}

ByteWriter prewarmed_of(const NodeCard& card) {
  const auto count = std::min(card.prewarmed.size(), kPrewarmedMax);
  ByteWriter body;
  body.number(static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    const PrewarmedContainers& one = card.prewarmed[i];
    body.text(std::string_view(one.kind).substr(0, kNameBytesMax));
    body.number(saturated<std::uint32_t>(one.memory_mb)).number(saturated<std::uint16_t>(one.idle));
  }
  return body;
}

ByteWriter volumes_of(const NodeCard& card) {
  const auto count = std::min(card.volumes.size(), kVolumesMax);
  std::size_t left = kPrefixesMax;
  ByteWriter body;
  body.number(static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    const VolumeBytes& volume = card.volumes[i];
    const auto prefixes = std::min(volume.prefixes.size(), left);
    left -= prefixes;
    body.text(volume.volume).number(static_cast<std::uint32_t>(prefixes));
    for (std::size_t j = 0; j < prefixes; ++j) {
      const PrefixBytes& prefix = volume.prefixes[j];
      body.text(prefix.path).number(kib(prefix.sealed)).number(kib(prefix.cached));
      body.number(kib(prefix.writing)).number(kib(prefix.rest));
    }
  }
  return body;
}

ByteWriter things_of(const NodeCard& card) {
  const auto count = std::min(card.things.size(), kThingsMax);
  ByteWriter body;
  body.number(static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    body.number(static_cast<std::uint8_t>(card.things[i].kind));
    body.text(std::string_view(card.things[i].name).substr(0, kNameBytesMax));
    body.number(kib(card.things[i].bytes));
  }
  return body;
}

// How many follow; more than `most` is refused.
std::size_t count_of(ByteReader& in, std::size_t most) {
  const auto count = in.number<std::uint32_t>();
  if (count > most) in.refuse();
  return in.ok() ? count : 0;
}

std::int64_t bytes_of(ByteReader& in) {
  return static_cast<std::int64_t>(in.number<std::uint32_t>()) * kBytesUnit;
}

// Life, version and the promise to be heard again are those of cards and pulses alike.
template <typename What>
void read_life(ByteReader& in, What& what) {
  const auto instance = in.number<std::uint32_t>();
  if (instance > static_cast<std::uint32_t>(std::numeric_limits<int>::max())) in.refuse();
  what.life.instance = static_cast<int>(instance & 0x7fffffffU);
  what.life.incarnation = in.number<std::uint64_t>();
  what.version = in.number<std::uint64_t>();
  what.next_within =
      milliseconds(std::clamp<std::int64_t>(in.number<std::uint32_t>(), kNextMinMs, kNextMaxMs));
}

void read_numbers(ByteReader& in, NodeNumbers& numbers) {
  const auto mb = [&](std::int64_t most) {
    return std::min<std::int64_t>(in.number<std::uint32_t>(), most);
  };
  numbers.memory_mb = mb(kMemoryMbMax);
  numbers.free_memory_mb = mb(numbers.memory_mb);
  numbers.guest_memory_mb = mb(numbers.free_memory_mb);
  numbers.load = std::min(in.number<std::uint32_t>(), kLoadMax) / static_cast<double>(kLoadUnit);
  numbers.turn_ms = std::min(in.number<std::uint32_t>(), kTurnMax) / static_cast<double>(kLoadUnit);
  numbers.takes_guests = in.one_of<std::uint8_t>(1) == 1;
}

void read_place(ByteReader& in, NodeCard& card) {
  card.name = in.text(kNameBytesMax);
  card.software = in.text(kNameBytesMax);
  card.address = in.text(kNameBytesMax);
  card.port = in.number<std::uint16_t>();
}

void read_warm(ByteReader& in, NodeCard& card) {
  for (std::size_t left = count_of(in, kWarmMax); left > 0 && in.ok(); --left) {
    const auto action = in.number<std::uint64_t>();
    card.warm.push_back({action, in.number<std::uint16_t>()});
  }
}

void read_prewarmed(ByteReader& in, NodeCard& card) {
  for (std::size_t left = count_of(in, kPrewarmedMax); left > 0 && in.ok(); --left) {
    PrewarmedContainers one{.kind = in.text(kNameBytesMax)};
    one.memory_mb = in.number<std::uint32_t>();
    one.idle = in.number<std::uint16_t>();
    card.prewarmed.push_back(std::move(one));
  }
}

VolumeBytes read_volume(ByteReader& in, std::size_t& prefixes_left) {
  VolumeBytes volume{.volume = in.text(2 * kNameBytesMax), .prefixes = {}};
  std::size_t count = count_of(in, prefixes_left);
  prefixes_left -= count;
  for (; count > 0 && in.ok(); --count) {
    PrefixBytes prefix{.path = in.text(kPathBytesMax)};
    prefix.sealed = bytes_of(in);
    prefix.cached = bytes_of(in);
    prefix.writing = bytes_of(in);
    prefix.rest = std::min(bytes_of(in), prefix.total());
    const bool first = volume.prefixes.empty();
    if (first != prefix.path.empty()) in.refuse();
    if (!first && volume.prefixes.back().path >= prefix.path) in.refuse();
    volume.prefixes.push_back(std::move(prefix));
  }
  return volume;
}

void read_volumes(ByteReader& in, NodeCard& card) {
  std::size_t prefixes_left = kPrefixesMax;
  for (std::size_t left = count_of(in, kVolumesMax); left > 0 && in.ok(); --left) {
    VolumeBytes volume = read_volume(in, prefixes_left);
    if (!card.volumes.empty() && card.volumes.back().volume >= volume.volume) in.refuse();
    card.volumes.push_back(std::move(volume));
  }
}

void read_things(ByteReader& in, NodeCard& card) {
  for (std::size_t left = count_of(in, kThingsMax); left > 0 && in.ok(); --left) {
    // A kind that is not known here is nothing that a call of ours can ask for.
    const auto kind = in.number<std::uint8_t>();
    ResidentThing thing{.name = in.text(kNameBytesMax)};
    thing.bytes = bytes_of(in);
    if (kind >= hints::kResidentKinds) continue;
    thing.kind = static_cast<hints::ResidentKind>(kind);
    card.things.push_back(std::move(thing));
  }
}

void read_section(std::uint8_t number, ByteReader& in, NodeCard& card) {
  switch (number) {
    case kLife:
      return read_life(in, card);
    case kNumbers:
      return read_numbers(in, card.numbers);
    case kPlace:
      return read_place(in, card);
    case kWarm:
      return read_warm(in, card);
    case kPrewarmed:
      return read_prewarmed(in, card);
    case kVolumes:
      return read_volumes(in, card);
    case kThings:
      return read_things(in, card);
    default:
      return;
  }
}

base::Error no_card(const std::string& why) {
  return {base::ErrorCode::kInvalidArgument, "no card of a node: " + why};
}

}  // namespace

std::string encode(const NodeCard& card) {
  ByteWriter out;
  out.raw(kMark).number(kCard);
  section(out, kLife, life_of(card.life, card.version, card.next_within));
  section(out, kNumbers, numbers_of(card.numbers));
  section(out, kPlace, place_of(card));
  section(out, kWarm, warm_of(card));
  section(out, kPrewarmed, prewarmed_of(card));
  section(out, kVolumes, volumes_of(card));
  section(out, kThings, things_of(card));
  return out.take();
}

std::string encode(const NodePulse& pulse) {
  ByteWriter out;
  out.raw(kMark).number(kPulse);
  section(out, kLife, life_of(pulse.life, pulse.version, pulse.next_within));
  section(out, kNumbers, numbers_of(pulse.numbers));
  return out.take();
}

base::Result<std::variant<NodeCard, NodePulse>> decode(std::string_view bytes) {
  if (bytes.size() > kCardBytesMax)
    return no_card("it has " + std::to_string(bytes.size()) + " bytes");
  ByteReader in(bytes);
  if (in.raw(kMark.size()) != kMark) return no_card("it does not begin with LC1");
  const auto kind = in.number<std::uint8_t>();
  if (kind != kCard && kind != kPulse) return no_card("its kind is " + std::to_string(kind));
  NodeCard card;
  std::uint32_t seen = 0;
  while (in.ok() && !in.at_end()) {
    const auto number = in.number<std::uint8_t>();
    ByteReader body(in.text_view(kCardBytesMax));
    if (number < 32) {
      if ((seen & (1U << number)) != 0) return no_card("a section comes twice");
      seen |= 1U << number;
    }
    read_section(number, body, card);
    if (!body.ok()) return no_card("section " + std::to_string(number) + " cannot be read");
  }
  if (!in.ok()) return no_card("it is cut");
  constexpr std::uint32_t kNeeded = (1U << kLife) | (1U << kNumbers);
  if ((seen & kNeeded) != kNeeded) return no_card("it does not say whose it is");
  if (kind == kCard) return std::variant<NodeCard, NodePulse>(std::move(card));
  return std::variant<NodeCard, NodePulse>(
      NodePulse{card.life, card.version, card.next_within, card.numbers});
}

}  // namespace invoker_locality
