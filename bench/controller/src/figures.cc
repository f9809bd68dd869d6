#include "controller_sim/figures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iterator>

namespace controller_sim {
namespace {

using base::Json;
using Millis = std::chrono::duration<double, std::milli>;

Json number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f", value);
  return Json::number(text.data());
}

Json number(std::size_t value) { return {static_cast<std::uint64_t>(value)}; }

Json optional_number(std::optional<double> value) { return value ? number(*value) : Json(); }

// The one that was sent last before `at`; the first where there is none.
const BrokerTrip& trip_at(std::span<const BrokerTrip> trips, base::Instant at) {
  const auto after = std::ranges::upper_bound(trips, at, {}, &BrokerTrip::sent);
  return after == trips.begin() ? trips.front() : *std::prev(after);
}

// An acknowledgement is as old when it comes as a message that has been on its way for a trip.
double own_part(const Entry& entry, double overhead, std::span<const BrokerTrip> trips) {
  const BrokerTrip& there = trip_at(trips, entry.sent);
  const auto before = std::chrono::duration_cast<base::Instant::duration>(Millis(there.ms()));
  return overhead - there.ms() - trip_at(trips, *entry.first_ack - before).ms();
}

void add_times(const Entry& entry, std::span<const BrokerTrip> trips, PhaseFigures& figures) {
  const double first = Millis(*entry.first_ack - entry.sent).count();
  figures.first_ack.add(first);
  if (entry.completed) figures.completion.add(Millis(*entry.completed - entry.sent).count());
  if (!entry.cold) return;
  (*entry.cold ? figures.cold : figures.warm).add(first);
  if (*entry.cold) return;
  const double overhead = first - static_cast<double>(entry.acked->duration_ms);
  figures.overhead.add(overhead);
  if (!trips.empty()) figures.own.add(own_part(entry, overhead, trips));
}

}  // namespace

void Samples::add(double value) {
  values_.push_back(value);
  sorted_ = false;
}

std::optional<double> Samples::percentile(double p) const {
  if (values_.empty()) return std::nullopt;
  if (!sorted_) std::ranges::sort(values_);
  sorted_ = true;
  const auto rank = static_cast<std::size_t>(std::ceil(p * static_cast<double>(values_.size())));
  return values_[std::clamp<std::size_t>(rank, 1, values_.size()) - 1];
}

Json Samples::to_json() const {
  return Json::object({{"count", number(values_.size())},
                       {"p50", optional_number(percentile(0.5))},
                       {"p99", optional_number(percentile(0.99))},
                       {"max", optional_number(percentile(1))}});
}

PhaseFigures measure(const Books& books, std::size_t first, std::size_t last,
                     std::span<const BrokerTrip> trips) {
  constexpr std::chrono::seconds kBlockingWait{60};
  PhaseFigures figures;
  base::Instant begin = base::Instant::max();
  base::Instant end = base::Instant::min();
  for (const BrokerTrip& trip : trips) figures.trips.add(trip.ms());
  for (std::size_t i = first; i < last; ++i) {
    const Entry& entry = *books.entries()[i];
    if (!entry.call.counted) continue;
    ++figures.sent;
    begin = std::min(begin, entry.sent);
    if (entry.first_ack) add_times(entry, trips, figures);
    if (entry.call.blocking && entry.first_ack && *entry.first_ack - entry.sent > kBlockingWait) {
      ++figures.waits_over;
    }
    if (!entry.completed) continue;
    ++figures.completed;
    end = std::max(end, *entry.completed);
  }
  if (figures.sent > 0) figures.begun = begin;
  if (figures.completed > 0 && end > begin) {
    figures.per_second =
        static_cast<double>(figures.completed) * 1000 / Millis(end - begin).count();
  }
  return figures;
}

std::string PhaseFigures::fault() const {
  for (const auto& [what, samples] :
       {std::pair<const char*, const Samples*>{"the invoker's own part", &own},
        {"the warm overhead", &overhead}}) {
    const auto median = samples->percentile(0.5);
    if (!median || *median >= 0) continue;
    std::array<char, 128> text{};
    std::snprintf(text.data(), text.size(), "%s comes out at %.3f ms, less than nothing", what,
                  *median);
    return std::string("a fault of the measurement: ") + text.data();
  }
  return {};
}

std::string Conditions::to_text() const {
  std::string text = records_stored ? "with activation records" : "without activation records";
  if (records_stored) text += records_read ? ", read at the end" : ", not read";
  text += "; " + (logs_mb == 0 ? "logs off" : "logs up to " + std::to_string(logs_mb) + " MB");
  return text + "; " + std::to_string(blocking_percent) + "% blocking calls; kind " + kind;
}

Json Conditions::to_json() const {
  return Json::object({{"recordsStored", records_stored},
                       {"recordsRead", records_stored && records_read},
                       {"logsMb", static_cast<std::int64_t>(logs_mb)},
                       {"blockingPercent", static_cast<std::int64_t>(blocking_percent)},
                       {"kind", kind}});
}

Json PhaseFigures::to_json() const {
  return Json::object({{"name", name},
                       {"actions", number(actions)},
                       {"memoryMb", memory_mb},
                       {"outstanding", outstanding},
                       {"rate", number(rate)},
                       {"sent", number(sent)},
                       {"completed", number(completed)},
                       {"blockingWaitsOver", number(waits_over)},
                       {"refused", refused},
                       {"perSecond", number(per_second)},
                       {"firstAckMs", first_ack.to_json()},
                       {"completionMs", completion.to_json()},
                       {"warmMs", warm.to_json()},
                       {"coldMs", cold.to_json()},
                       {"warmOverheadMs", overhead.to_json()},
                       {"brokerRoundTripMs", trips.to_json()},
                       {"warmOwnMs", own.to_json()},
                       {"begunAtMs", number(begun_at_ms)},
                       {"fault", fault().empty() ? Json() : Json(fault())}});
}

Json RunReport::to_json(const Breaches& breaches) const {
  Json list = Json::array();
  for (const PhaseFigures& phase : phases) list.append(phase.to_json());
  Json json = Json::object({{"ok", !breaches.failed()},
                            {"conditions", conditions.to_json()},
                            {"healthyAfterMs", optional_number(healthy_after_ms)},
                            {"brokerRoundTripMs", floor.to_json()},
                            {"phases", std::move(list)},
                            {"givenUp", number(given_up)},
                            {"resultsByRecord", number(results_by_record)},
                            {"overloads", overloads},
                            {"recordsSeen", number(records_seen)},
                            {"eventsSeen", number(events_seen)},
                            {"longestPingGapMs", longest_ping_gap_ms},
                            {"seed", seed},
                            {"breaches", breaches.to_json()}});
  if (losses) json.set("losses", losses->to_json());
  return json;
}

}  // namespace controller_sim
