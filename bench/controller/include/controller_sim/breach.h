// What an invoker did that its contract with controllers does not allow.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace controller_sim {

enum class BreachKind {
  kUnreadable,      // a message of the invoker's that a controller could not read
  kUnknownId,       // an acknowledgement for an activation that was never sent
  kTransidChanged,  // transid is not what came with the activation
  kAckMissing,      // no completion within the controller's forced timeout, or until the end
  kAckLate,         // a completion after that, or later than the limit that was asked for
  kCompletionBeforeResult,  // a blocking activation was completed before its result came
  kSecondCompletion,
  kSecondResult,
  kResultUnexpected,  // a non-blocking activation's acknowledgement carries a result
  kResultWrong,       // the acknowledged activation is not what the action must come to
  kSystemErrorWrong,  // isSystemError does not fit the status code
  kInstanceWrong,     // acknowledged in the name of another invoker than the one it was sent to
  kAckShapeWrong,     // result and completion together, or apart, against the rules for logs
  kSlotLeak,  // slots of an invoker are not all free again when all is done, or too many are
  kRecordMissing,
  kRecordWrong,
  kRecordUnwanted,  // stored although the identity's limits forbid it
  kEventMissing,
  kEventWrong,
  kSecondEvent,
  kPingGap,
  kPingChanged,      // the instance that pings describe has changed
  kNeverHealthy,     // not usable within the time given
  kRanTwice,         // the action's own marks say so
  kNeverRan,         // acknowledged as a success, and the action left no mark
  kLostUncommitted,  // never completed, although its message was not committed when the invoker
                     // died
  kCameBack,         // completed although committed and unfinished when the invoker died
};

// "slot-leak": as options, reports and tests write it.
std::string_view name_of(BreachKind kind);
std::optional<BreachKind> breach_kind(std::string_view name);
std::vector<BreachKind> all_breach_kinds();

struct Breach {
  BreachKind kind;
  std::string id;    // of the activation; empty where it is about none
  std::string text;  // what was expected, and what came
};

// Counts every breach and keeps the first of each kind. Not thread-safe.
class Breaches {
 public:
  static constexpr std::size_t kKeptOfAKind = 50;

  // Breaches of these kinds are counted, and do not fail the run.
  explicit Breaches(std::set<BreachKind> tolerated = {}) : tolerated_(std::move(tolerated)) {}

  void add(BreachKind kind, std::string id, std::string text);
  std::size_t count(BreachKind kind) const;
  std::size_t count() const;
  bool tolerated(BreachKind kind) const { return tolerated_.contains(kind); }
  // Some breach that is not tolerated.
  bool failed() const;
  const std::vector<Breach>& kept() const { return kept_; }
  // What came since the last call, to be told at once.
  std::vector<Breach> take_news();
  base::Json to_json() const;

 private:
  std::set<BreachKind> tolerated_;
  std::map<BreachKind, std::size_t> counts_;
  std::vector<Breach> kept_;
  std::size_t told_ = 0;
};

}  // namespace controller_sim
