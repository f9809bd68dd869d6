#include "controller_sim/behaviour.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace controller_sim {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct Known {
  std::string_view name;
  Deed deed;
  std::int64_t amount;  // where none is given; -1: it takes none
};

constexpr std::array kKnown = std::to_array<Known>({
    {"noop", Deed::kNoop, -1},
    {"echo", Deed::kEcho, -1},
    {"sleep", Deed::kSleep, 10},
    {"fail", Deed::kFail, -1},
    {"throw", Deed::kThrow, -1},
    {"result", Deed::kResult, 100'000},
    {"log", Deed::kLog, 10},
    {"hang", Deed::kHang, 1000},
    {"oom", Deed::kOom, -1},
    {"exit", Deed::kExit, -1},
    {"init", Deed::kInit, -1},
});

constexpr std::string_view kGreeting = "good morning";

Error not_understood(std::string_view text) {
  std::string names;
  for (const Known& known : kKnown) names += (names.empty() ? "" : ", ") + std::string(known.name);
  return {ErrorCode::kInvalidArgument,
          "an action is one of " + names + ", some with :NUMBER, not " + base::quoted(text)};
}

// Parameters that go wrong where texts and types are handled carelessly.
Json echo_content(std::uint64_t number) {
  return Json::object({{"n", number},
                       {"text", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x9A\x80 \"quoted\" \\ / \t\n"},
                       {"nothing", Json()},
                       {"yes", true},
                       {"list", Json::Array{Json(1), Json("two"), Json::array(), Json::object()}},
                       {"nested", Json::object({{"deep", Json::object({{"n", number}})}})}});
}

}  // namespace

base::Result<Behaviour> parse_behaviour(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto* known = std::ranges::find(kKnown, text.substr(0, colon), &Known::name);
  if (known == kKnown.end()) return not_understood(text);
  Behaviour behaviour{known->deed, std::max<std::int64_t>(known->amount, 0), std::string(text)};
  if (colon == std::string_view::npos) return behaviour;
  const std::string_view amount = text.substr(colon + 1);
  const auto [end, error] =
      std::from_chars(amount.data(), amount.data() + amount.size(), behaviour.amount);
  const bool whole = error == std::errc() && end == amount.data() + amount.size();
  if (known->amount < 0 || !whole || behaviour.amount < 0 || behaviour.amount > 1'000'000'000) {
    return not_understood(text);
  }
  return behaviour;
}

Json content_for(const Behaviour& behaviour, std::uint64_t number) {
  Json content = Json::object({{"n", number}});
  switch (behaviour.deed) {
    case Deed::kEcho:
      return echo_content(number);
    case Deed::kSleep:
      content.set("ms", behaviour.amount);
      break;
    case Deed::kResult:
      content.set("bytes", behaviour.amount);
      break;
    case Deed::kLog:
      content.set("lines", behaviour.amount);
      break;
    case Deed::kInit:
      content.set("GREETING", kGreeting);
      break;
    default:
      break;
  }
  return content;
}

Expectation expectation_of(const Behaviour& behaviour, const Json& content,
                           std::int64_t payload_max_bytes) {
  switch (behaviour.deed) {
    case Deed::kNoop:
      return {0, Json::object(), {}, {}};
    case Deed::kEcho:
      return {0, content, {}, {}};
    case Deed::kSleep:
      return {0, Json::object({{"slept", behaviour.amount}}), {}, {}};
    case Deed::kFail:
      return {1, Json::object({{"error", "as asked"}}), {}, {}};
    case Deed::kResult:
      if (behaviour.amount > payload_max_bytes) return {1, {}, {}, {}};
      return {0,
              Json::object({{"x", std::string(static_cast<std::size_t>(behaviour.amount), 'y')}}),
              {},
              {}};
    case Deed::kLog:
      return {0, Json::object({{"lines", behaviour.amount}}), behaviour.amount, {}};
    case Deed::kInit:
      return {0, Json::object({{"greeting", kGreeting}, {"n", *content.find("n")}}), {}, {}};
    case Deed::kThrow:
      return {2, {}, {}, 1};
    case Deed::kHang:
    case Deed::kOom:
    case Deed::kExit:
      break;
  }
  return {2, {}, {}, {}};
}

}  // namespace controller_sim
