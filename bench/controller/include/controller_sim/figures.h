// What a run measured, for people and for programs.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "controller_sim/books.h"
#include "controller_sim/losses.h"

namespace controller_sim {

// A small message of the simulator's own that went to the broker and came back.
struct BrokerTrip {
  base::Instant sent;
  base::Instant back;

  double ms() const { return std::chrono::duration<double, std::milli>(back - sent).count(); }
};

// In ms, or whatever is added. Not thread-safe.
class Samples {
 public:
  void add(double value);
  bool empty() const { return values_.empty(); }
  std::size_t size() const { return values_.size(); }
  // The value below which the share `p` (0..1) lies; nothing without samples.
  std::optional<double> percentile(double p) const;
  base::Json to_json() const;  // {"count","p50","p99","max"}

 private:
  mutable std::vector<double> values_;
  mutable bool sorted_ = true;
};

// What was on while a run was measured: rates with and without records are not the same figure.
struct Conditions {
  bool records_stored = true;  // the identity asks for activation records
  bool records_read = true;    // they were looked for at the end
  int logs_mb = 10;            // 0: logs are not collected
  int blocking_percent = 100;
  std::string kind;

  std::string to_text() const;
  base::Json to_json() const;
};

struct PhaseFigures {
  std::string name;
  std::size_t actions = 0;
  std::int64_t memory_mb = 0;
  int outstanding = 0;  // 0: an open loop
  double rate = 0;
  std::size_t sent = 0;
  std::size_t completed = 0;
  std::size_t waits_over = 0;  // results that came after a caller's 60 s
  std::uint64_t refused = 0;   // times that no invoker was healthy
  double per_second = 0;
  Samples first_ack;   // sent to first acknowledgement
  Samples completion;  // sent to completion
  Samples warm;        // first acknowledgement of warm runs
  Samples cold;        // of cold ones
  Samples overhead;    // of warm ones, less the duration that the invoker says
  Samples trips;       // a small message to the broker and back, under this load
  // Of the overhead what is the invoker's own: less two such trips, those that were under way when
  // the call was sent and when its acknowledgement came.
  Samples own;
  std::optional<base::Instant> begun;  // when the first counted call was sent
  double begun_at_ms = 0;              // the same by the wall clock, since the epoch

  // Why these figures are not to be believed; empty: no reason is known. Nothing takes less than
  // no time.
  std::string fault() const;
  base::Json to_json() const;
};

// The figures of entries [first, last) of the books; `trips` are those of the same time, in order.
PhaseFigures measure(const Books& books, std::size_t first, std::size_t last,
                     std::span<const BrokerTrip> trips = {});

struct RunReport {
  Conditions conditions;
  std::optional<double> healthy_after_ms;
  Samples floor;  // a small message to the broker and back
  std::vector<PhaseFigures> phases;
  std::size_t given_up = 0;
  std::size_t results_by_record = 0;
  std::uint64_t overloads = 0;
  std::size_t records_seen = 0;
  std::size_t events_seen = 0;
  std::int64_t longest_ping_gap_ms = 0;
  std::uint64_t seed = 0;
  std::optional<LossReport> losses;

  base::Json to_json(const Breaches& breaches) const;
};

// Tables and sentences.
std::string report_text(const RunReport& report, const Breaches& breaches);

}  // namespace controller_sim
