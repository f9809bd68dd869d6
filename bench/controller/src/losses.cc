#include "controller_sim/losses.h"

#include <algorithm>

namespace controller_sim {
namespace {

using base::Json;
using enum BreachKind;

// Committed and unfinished when an invoker died.
bool expected_lost(const Entry& entry, const std::vector<Death>& deaths) {
  return std::ranges::any_of(deaths, [&](const Death& death) {
    const bool unfinished = !entry.completed || *entry.completed > death.settled;
    return death.invoker == entry.invoker && entry.offset && *entry.offset < death.committed &&
           entry.sent < death.settled && unfinished;
  });
}

bool committed(const Entry& entry, const std::map<int, std::int64_t>& committed_at_end) {
  const auto found = committed_at_end.find(entry.invoker);
  return found != committed_at_end.end() && entry.offset && *entry.offset < found->second;
}

void judge_marks(const Entry& entry, const Marks& marks, Breaches& breaches, LossReport& report) {
  const auto found = marks.find(entry.call.id);
  const int runs = found == marks.end() ? 0 : found->second;
  ++(runs == 0 ? report.ran_never : runs == 1 ? report.ran_once : report.ran_twice);
  if (runs > 1) breaches.add(kRanTwice, entry.call.id, "ran " + std::to_string(runs) + " times");
  if (runs == 0 && entry.completed && entry.acked && entry.acked->status == 0) {
    breaches.add(kNeverRan, entry.call.id, "acknowledged as a success, and left no mark");
  }
}

}  // namespace

Json LossReport::to_json() const {
  const auto number = [](std::size_t n) { return Json(static_cast<std::uint64_t>(n)); };
  return Json::object({{"sent", number(sent)},
                       {"completed", number(completed)},
                       {"lost", number(lost)},
                       {"lostExpected", number(lost_expected)},
                       {"lostAreTheExpected", exact},
                       {"ranNever", number(ran_never)},
                       {"ranOnce", number(ran_once)},
                       {"ranTwice", number(ran_twice)},
                       {"lostIds", Json::Array(lost_ids.begin(), lost_ids.end())}});
}

LossReport judge_losses(const Books& books, const std::vector<Death>& deaths,
                        const std::map<int, std::int64_t>& committed_at_end,
                        const std::optional<Marks>& marks, Breaches& breaches) {
  LossReport report;
  report.exact = true;
  report.marked = marks.has_value();
  for (const auto& pointer : books.entries()) {
    const Entry& entry = *pointer;
    if (entry.undelivered) continue;
    ++report.sent;
    const bool expected = deaths.empty() ? !entry.completed && committed(entry, committed_at_end)
                                         : expected_lost(entry, deaths);
    if (expected) ++report.lost_expected;
    ++(entry.completed ? report.completed : report.lost);
    if (!entry.completed) report.lost_ids.push_back(entry.call.id);
    if (expected == entry.completed.has_value()) {
      report.exact = false;
      if (expected) {
        breaches.add(kCameBack, entry.call.id,
                     "was committed and unfinished when the invoker died, and completed later");
      } else {
        breaches.add(kLostUncommitted, entry.call.id,
                     "never completed, and not committed and unfinished at any death");
      }
    }
    if (marks) judge_marks(entry, *marks, breaches, report);
  }
  return report;
}

}  // namespace controller_sim
