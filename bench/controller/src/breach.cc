#include "controller_sim/breach.h"

#include <algorithm>
#include <array>
#include <utility>

namespace controller_sim {
namespace {

using enum BreachKind;

constexpr std::array kNames = std::to_array<std::pair<BreachKind, std::string_view>>({
    {kUnreadable, "unreadable"},
    {kUnknownId, "unknown-id"},
    {kTransidChanged, "transid-changed"},
    {kAckMissing, "ack-missing"},
    {kAckLate, "ack-late"},
    {kCompletionBeforeResult, "completion-before-result"},
    {kSecondCompletion, "second-completion"},
    {kSecondResult, "second-result"},
    {kResultUnexpected, "result-unexpected"},
    {kResultWrong, "result-wrong"},
    {kSystemErrorWrong, "system-error-wrong"},
    {kInstanceWrong, "instance-wrong"},
    {kAckShapeWrong, "ack-shape-wrong"},
    {kSlotLeak, "slot-leak"},
    {kRecordMissing, "record-missing"},
    {kRecordWrong, "record-wrong"},
    {kRecordUnwanted, "record-unwanted"},
    {kEventMissing, "event-missing"},
    {kEventWrong, "event-wrong"},
    {kSecondEvent, "second-event"},
    {kPingGap, "ping-gap"},
    {kPingChanged, "ping-changed"},
    {kNeverHealthy, "never-healthy"},
    {kRanTwice, "ran-twice"},
    {kNeverRan, "never-ran"},
    {kLostUncommitted, "lost-uncommitted"},
    {kCameBack, "came-back"},
});

}  // namespace

std::string_view name_of(BreachKind kind) {
  return std::ranges::find(kNames, kind, &std::pair<BreachKind, std::string_view>::first)->second;
}

std::optional<BreachKind> breach_kind(std::string_view name) {
  const auto* found =
      std::ranges::find(kNames, name, &std::pair<BreachKind, std::string_view>::second);
  if (found == kNames.end()) return std::nullopt;
  return found->first;
}

std::vector<BreachKind> all_breach_kinds() {
  std::vector<BreachKind> kinds;
  for (const auto& [kind, name] : kNames) kinds.push_back(kind);
  return kinds;
}

void Breaches::add(BreachKind kind, std::string id, std::string text) {
  if (counts_[kind]++ < kKeptOfAKind) {
    kept_.push_back({kind, std::move(id), std::move(text)});
  }
}

std::size_t Breaches::count(BreachKind kind) const {
  const auto found = counts_.find(kind);
  return found == counts_.end() ? 0 : found->second;
}

std::size_t Breaches::count() const {
  std::size_t all = 0;
  for (const auto& [kind, count] : counts_) all += count;
  return all;
}

bool Breaches::failed() const {
  return std::ranges::any_of(counts_, [this](const auto& each) { return !tolerated(each.first); });
}

std::vector<Breach> Breaches::take_news() {
  std::vector<Breach> news(kept_.begin() + static_cast<std::ptrdiff_t>(told_), kept_.end());
  told_ = kept_.size();
  return news;
}

base::Json Breaches::to_json() const {
  base::Json list = base::Json::array();
  for (const auto& [kind, count] : counts_) {
    base::Json examples = base::Json::array();
    for (const Breach& breach : kept_) {
      if (breach.kind != kind) continue;
      examples.append(base::Json::object({{"id", breach.id}, {"text", breach.text}}));
    }
    list.append(base::Json::object({{"kind", name_of(kind)},
                                    {"count", static_cast<std::uint64_t>(count)},
                                    {"tolerated", tolerated(kind)},
                                    {"examples", std::move(examples)}}));
  }
  return list;
}

}  // namespace controller_sim
