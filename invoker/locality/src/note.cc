#include "invoker_locality/note.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace invoker_locality {
namespace {

using base::Json;

constexpr std::array<std::string_view, 3> kOutcomes = {"hit", "miss", "handoff"};
constexpr std::array<std::string_view, 3> kContainers = {"warm", "prewarmed", "cold"};

// With three digits after the point at most.
Json ms(double value) {
  const double bounded = std::isfinite(value) ? std::clamp(value, -1e9, 1e9) : 0;
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(),
                                 std::round(bounded * 1000) / 1000, std::chars_format::fixed, 3);
  return Json::number(std::string(text.data(), end.ptr));
}

double number_of(const Json& object, const char* key) {
  const Json* value = object.find(key);
  if (value == nullptr || !value->is_number()) return 0;
  const std::string& text = value->number_text();
  double result = 0;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return std::isfinite(result) ? std::clamp(result, -1e9, 1e9) : 0;
}

std::int64_t whole_of(const Json& object, const char* key, std::int64_t most) {
  const Json* value = object.find(key);
  const auto whole = value == nullptr ? std::nullopt : value->as_int64();
  return std::clamp<std::int64_t>(whole.value_or(0), 0, most);
}

int node_of(const Json& object, const char* key) {
  return static_cast<int>(whole_of(object, key, 1 << 30));
}

bool flag_of(const Json& object, const char* key) {
  const Json* value = object.find(key);
  return value != nullptr && value->is_bool() && value->as_bool();
}

template <std::size_t N>
std::size_t word_of(const Json& object, const char* key,
                    const std::array<std::string_view, N>& words) {
  const Json* value = object.find(key);
  if (value == nullptr || !value->is_string()) return N;
  return static_cast<std::size_t>(std::ranges::find(words, value->as_string()) - words.begin());
}

Json why_to_json(const hints::Reasons& reasons) {
  Json why = Json::object();
  if (reasons.bytes > 0) {
    why.set("what", reasons.what).set("local", reasons.bytes_local).set("bytes", reasons.bytes);
  }
  const auto container = static_cast<std::size_t>(reasons.chosen.container);
  why.set("container", kContainers[container]).set("ms", ms(reasons.chosen.estimate.total_ms()));
  if (reasons.chosen.of_key) why.set("key", true);
  if (reasons.chosen.room == hints::Room::kFull) why.set("queued", true);
  if (!reasons.other) return why;
  Json other = Json::object({{"node", reasons.other->node}});
  other.set("ms", ms(reasons.other->estimate.total_ms()));
  if (reasons.other->room == hints::Room::kFull) other.set("full", true);
  return std::move(why.set("other", std::move(other)));
}

hints::Reasons why_from(const Json& why, int node) {
  constexpr std::int64_t kBytesMax = 1LL << 54;
  hints::Reasons reasons;
  reasons.chosen.node = node;
  const Json* what = why.find("what");
  if (what != nullptr && what->is_string()) reasons.what = what->as_string();
  reasons.bytes = whole_of(why, "bytes", kBytesMax);
  reasons.bytes_local = whole_of(why, "local", reasons.bytes);
  const std::size_t container = std::min<std::size_t>(word_of(why, "container", kContainers), 2);
  reasons.chosen.container = static_cast<hints::ContainerState>(container);
  reasons.chosen.estimate.busy_ms = number_of(why, "ms");
  reasons.chosen.of_key = flag_of(why, "key");
  if (flag_of(why, "queued")) reasons.chosen.room = hints::Room::kFull;
  const Json* other = why.find("other");
  if (other == nullptr || !other->is_object()) return reasons;
  reasons.other.emplace();
  reasons.other->node = node_of(*other, "node");
  reasons.other->estimate.busy_ms = number_of(*other, "ms");
  if (flag_of(*other, "full")) reasons.other->room = hints::Room::kFull;
  return reasons;
}

}  // namespace

std::string_view name_of(Outcome outcome) { return kOutcomes[static_cast<std::size_t>(outcome)]; }

Note note_of(const Decision& decision, int owner, int node, double decision_ms, double waited_ms) {
  Note note;
  note.from = owner;
  note.to = node;
  note.decision_ms = decision_ms;
  note.waited_ms = waited_ms;
  note.reasons = hints::reasons(decision.call, decision.candidates, decision.ranking, node);
  note.bytes_local = note.reasons.chosen.bytes_local;
  note.bytes_remote = note.reasons.chosen.bytes_remote;
  const auto local = static_cast<double>(note.bytes_local);
  const double all = local + static_cast<double>(note.bytes_remote);
  // With nothing to read, a key's call is a hit at the key's node.
  const bool elsewhere = std::ranges::any_of(
      decision.ranking.order,
      [&](const hints::Place& place) { return place.of_key && place.node != node; });
  const bool near = all > 0 ? local >= kHitShare * all : !elsewhere;
  note.outcome = near ? Outcome::kHit : Outcome::kMiss;
  if (owner != node) note.outcome = Outcome::kHandoff;
  return note;
}

Json to_json(const Note& note) {
  Json json =
      Json::object({{"result", name_of(note.outcome)}, {"from", note.from}, {"to", note.to}});
  json.set("bytesLocal", note.bytes_local).set("bytesRemote", note.bytes_remote);
  json.set("decisionMs", ms(note.decision_ms));
  if (note.waited_ms > 0) json.set("waitedMs", ms(note.waited_ms));
  return std::move(json.set("why", why_to_json(note.reasons)));
}

base::Result<Note> note_from(const Json& json) {
  const std::size_t outcome = word_of(json, "result", kOutcomes);
  if (outcome >= kOutcomes.size()) {
    return base::Error{base::ErrorCode::kInvalidArgument,
                       "the annotation 'locality' has no \"result\" of hit, miss or handoff"};
  }
  constexpr std::int64_t kBytesMax = 1LL << 60;
  Note note;
  note.outcome = static_cast<Outcome>(outcome);
  note.from = node_of(json, "from");
  note.to = node_of(json, "to");
  note.bytes_local = whole_of(json, "bytesLocal", kBytesMax);
  note.bytes_remote = whole_of(json, "bytesRemote", kBytesMax);
  note.decision_ms = number_of(json, "decisionMs");
  note.waited_ms = number_of(json, "waitedMs");
  if (const Json* why = json.find("why")) note.reasons = why_from(*why, note.to);
  note.reasons.chosen.node = note.to;
  return note;
}

std::string explain(const Note& note) {
  const auto name = [](int node) { return "invoker" + std::to_string(node); };
  std::string text = hints::to_text(note.reasons, name);
  if (note.waited_ms >= 1) {
    text += "; it waited " + std::to_string(std::lround(note.waited_ms)) + " ms for a better place";
  }
  if (note.from != note.to) text += "; handed over by " + name(note.from);
  return text;
}

}  // namespace invoker_locality
