// What invokers say to each other, as bytes. PROTOCOL.md tells the whole conversation.
//
// Pure functions.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base_net/introduction.h"
#include "invoker/container_pool.h"
#include "invoker_handoff/terms.h"

namespace invoker_handoff {

using std::chrono::milliseconds;

inline constexpr std::size_t kMessageBytesMax = 4 << 20;  // of an activation that may be moved
inline constexpr std::size_t kFrameBytesMax = kMessageBytesMax + (64 << 10);

// The first thing that both sides say.
struct Greet {
  std::uint64_t incarnation = 0;
};
// Can you take this now?
struct Offer {
  Ticket ticket = 0;
  invoker::JobDemand demand;  // `id` has no meaning here
};
struct Answer {
  Ticket ticket = 0;
  bool accepted = false;  // memory is reserved, for a moment
  Refusal reason = Refusal::kNoRoom;
};
// The offer does not hold any more.
struct Withdraw {
  Ticket ticket = 0;
};
// It is yours.
struct Commit {
  Ticket ticket = 0;
  milliseconds start_within{};  // from here on it must not be begun
  std::string owner;            // InvokerInstanceId of the owner, as JSON
  std::string locality;         // for the record: a JSON object, or ""
  std::string message;          // the bytes from the owner's topic
};
// How is it? With `take_back`: and if it has not been begun, do not.
struct Ask {
  Ticket ticket = 0;
  bool take_back = false;
};
// It has not been begun and never will be.
struct NotStarted {
  Ticket ticket = 0;
  Refusal reason = Refusal::kCannotBegin;
};
// It is here.
struct Underway {
  Ticket ticket = 0;
};
// It has ended, and its controller knows.
struct Done {
  Ticket ticket = 0;
};

using Message =
    std::variant<Greet, Offer, Answer, Withdraw, Commit, Ask, NotStarted, Underway, Done>;

base_net::Protocol protocol();

// A frame with its length.
std::string encode(const Message& message);
// Of what follows the length. Errors: kInvalidArgument.
base::Result<Message> decode(std::string_view frame);

}  // namespace invoker_handoff
