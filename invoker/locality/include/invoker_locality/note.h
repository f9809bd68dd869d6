// The annotation `locality` of an activation record: what was decided, and why.
//
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "hints/reasons.h"
#include "invoker_locality/placement.h"

namespace invoker_locality {

// hit: it ran where its owner is, and most of what it reads is there; miss: it is not; handoff: it
// was moved.
enum class Outcome : std::uint8_t { kHit, kMiss, kHandoff };
std::string_view name_of(Outcome outcome);

struct Note {
  Outcome outcome = Outcome::kHit;
  int from = 0;  // its owner
  int to = 0;    // who runs it
  std::int64_t bytes_local = 0;
  std::int64_t bytes_remote = 0;
  double decision_ms = 0;
  double waited_ms = 0;
  hints::Reasons reasons;
};

// From this share of a call's bytes on it is a hit.
inline constexpr double kHitShare = 0.8;

// Of a decision that has reasons, when the call runs at `node`.
Note note_of(const Decision& decision, int owner, int node, double decision_ms, double waited_ms);

// {"result":"handoff","from":0,"to":2,"bytesLocal":...,"why":{...}}
base::Json to_json(const Note& note);
// Errors: kInvalidArgument for what is no such annotation.
base::Result<Note> note_from(const base::Json& json);

// One sentence for people, with the nodes as "invoker2".
std::string explain(const Note& note);

}  // namespace invoker_locality
