#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>

#include "controller_sim/figures.h"

namespace controller_sim {
namespace {

// What the stock invoker (OpenWhisk at commit 1fae641a, python actions in Docker) did on two cores
// with broker, database and driver on the same machine.
struct Stock {
  const char* what;
  const char* figure;
};
constexpr Stock kStockHealthy{"pings to healthy", "8 - 24 s"};
constexpr Stock kStockFirstAck{"sent to first acknowledgement, one at a time, p50", "6 ms"};
constexpr Stock kStockCold{"the same, cold, p50", "400 ms"};
constexpr Stock kStockOne{"calls a second, 1 action, one at a time", "90 - 120"};
constexpr Stock kStockEight{"calls a second, 1 action, eight at a time", "208 - 247"};
constexpr Stock kStockTwenty{"calls a second, 20 actions", "150"};
constexpr Stock kStockThrash{"calls a second, less memory than the actions need", "7.6"};

__attribute__((format(printf, 1, 2))) std::string format(const char* pattern, ...) {
  std::array<char, 512> text{};
  va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(text.data(), text.size(), pattern, arguments);
  va_end(arguments);
  return text.data();
}

std::string pair_of(const Samples& samples) {
  if (samples.empty()) return "-";
  return format("%.2f / %.2f", *samples.percentile(0.5), *samples.percentile(0.99));
}

std::string phases_text(const std::vector<PhaseFigures>& phases) {
  std::string text = format("%-22s %8s %8s %9s  %-18s %-18s %-18s %-20s\n", "load", "sent", "done",
                            "per s", "first ack p50/p99", "completion", "warm", "cold (how many)");
  for (const PhaseFigures& phase : phases) {
    const std::string cold =
        pair_of(phase.cold) + (phase.cold.empty() ? "" : format(" (%zu)", phase.cold.size()));
    text += format("%-22s %8zu %8zu %9.1f  %-18s %-18s %-18s %-20s\n", phase.name.c_str(),
                   phase.sent, phase.completed, phase.per_second, pair_of(phase.first_ack).c_str(),
                   pair_of(phase.completion).c_str(), pair_of(phase.warm).c_str(), cold.c_str());
    text += format(
        "%-22s warm overhead %s ms, %lld MB an action, %llu times no invoker, "
        "%zu waits over\n",
        "", pair_of(phase.overhead).c_str(), static_cast<long long>(phase.memory_mb),
        static_cast<unsigned long long>(phase.refused), phase.waits_over);
    if (!phase.trips.empty()) {
      text += format("%-22s broker and back under this load %s ms; without two of these %s ms\n",
                     "", pair_of(phase.trips).c_str(), pair_of(phase.own).c_str());
    }
    if (!phase.fault().empty()) text += format("%-22s %s\n", "", phase.fault().c_str());
  }
  if (phases.size() == 2 && phases[0].per_second > 0) {
    text += format("ratio of the rates: %.3f\n", phases[1].per_second / phases[0].per_second);
  }
  return text;
}

std::string line(const Stock& stock, const std::string& here) {
  return format("  %-52s %12s %12s\n", stock.what, stock.figure, here.c_str());
}

const Stock* stock_rate_like(const PhaseFigures& phase) {
  if (phase.outstanding == 0) return nullptr;
  if (phase.name.find("of the memory") != std::string::npos) return &kStockThrash;
  if (phase.actions == 20) return &kStockTwenty;
  if (phase.actions != 1) return nullptr;
  if (phase.outstanding == 1) return &kStockOne;
  return phase.outstanding == 8 ? &kStockEight : nullptr;
}

std::string rate_line(const Stock& stock, const RunReport& report) {
  std::string here = "-";
  for (const PhaseFigures& phase : report.phases) {
    if (stock_rate_like(phase) == &stock) here = format("%.1f", phase.per_second);
  }
  return line(stock, here);
}

std::string stock_text(const RunReport& report) {
  std::string text = format("%-54s %12s %12s\n",
                            "beside the stock invoker (another machine, 2 cores)", "stock", "here");
  const auto healthy = report.healthy_after_ms;
  text += line(kStockHealthy, healthy ? format("%.1f s", *healthy / 1000) : "-");
  Samples none;
  const bool alone = !report.phases.empty() && report.phases.front().outstanding == 1;
  const Samples& warm = alone ? report.phases.front().warm : none;
  const Samples& cold = alone ? report.phases.front().cold : none;
  text += line(kStockFirstAck, warm.empty() ? "-" : format("%.2f ms", *warm.percentile(0.5)));
  text += line(kStockCold, cold.empty() ? "-" : format("%.0f ms", *cold.percentile(0.5)));
  text += rate_line(kStockOne, report);
  text += rate_line(kStockEight, report);
  text += rate_line(kStockTwenty, report);
  text += rate_line(kStockThrash, report);
  return text;
}

std::string breaches_text(const Breaches& breaches) {
  if (breaches.count() == 0) return "no breach of the contract\n";
  std::string text = "breaches:\n";
  for (const BreachKind kind : all_breach_kinds()) {
    if (breaches.count(kind) == 0) continue;
    text += format("  %6zu %s%s\n", breaches.count(kind), std::string(name_of(kind)).c_str(),
                   breaches.tolerated(kind) ? " (tolerated)" : "");
    int shown = 0;
    for (const Breach& breach : breaches.kept()) {
      if (breach.kind != kind || breaches.tolerated(kind) || ++shown > 3) continue;
      text += "         " + breach.id + " " + breach.text + "\n";
    }
  }
  return text;
}

std::string losses_text(const LossReport& losses) {
  return format(
             "at most once: %zu sent, %zu completed, %zu lost, of which the contract allows %zu: "
             "the lost are %sexactly those committed and unfinished\n",
             losses.sent, losses.completed, losses.lost, losses.lost_expected,
             losses.exact ? "" : "NOT ") +
         (losses.marked
              ? format("by the actions' own marks: %zu never ran, %zu once, %zu more often\n",
                       losses.ran_never, losses.ran_once, losses.ran_twice)
              : std::string());
}

}  // namespace

std::string report_text(const RunReport& report, const Breaches& breaches) {
  std::string text = phases_text(report.phases);
  text += report.conditions.to_text() + "\n";
  text += "times in ms; broker and back " + pair_of(report.floor) + "\n";
  text += format(
      "%zu records and %zu events read; %zu given up by the forced timeout; %zu results by "
      "record; %llu times over capacity; longest silence between pings %lld ms\n\n",
      report.records_seen, report.events_seen, report.given_up, report.results_by_record,
      static_cast<unsigned long long>(report.overloads),
      static_cast<long long>(report.longest_ping_gap_ms));
  text += stock_text(report) + "\n";
  if (report.losses) text += losses_text(*report.losses);
  return text + breaches_text(breaches);
}

}  // namespace controller_sim
