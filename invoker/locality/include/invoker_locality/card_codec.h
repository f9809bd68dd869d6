// Cards and pulses as bytes.
//
// A mark, the kind, then sections of number, length and bytes. Sections that a reader does not know
// are passed over, so invokers of different versions understand each other.
// Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "invoker_locality/node_card.h"

namespace invoker_locality {

inline constexpr std::size_t kCardBytesMax = 256 << 10;

// What is over the bounds of node_card.h is left out, from the end.
std::string encode(const NodeCard& card);
std::string encode(const NodePulse& pulse);

// What comes is within the bounds of node_card.h, its numbers are not negative and no more than a
// node can have, volumes and prefixes are sorted and there once. Errors: kInvalidArgument.
base::Result<std::variant<NodeCard, NodePulse>> decode(std::string_view bytes);

}  // namespace invoker_locality
