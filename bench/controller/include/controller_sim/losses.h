// At most once: which activations an invoker that was killed may have lost, and which it did lose.
//
// The invoker commits the offset of a message before it begins the activation. When it dies, what
// it had committed and not finished is lost; nothing else may be, and nothing may run twice. Pure
// functions of data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "controller_sim/books.h"

namespace controller_sim {

// The moment of one death, as the broker saw it.
struct Death {
  int invoker = 0;
  std::int64_t committed = 0;  // offset of the first message of the topic that was not committed
  // Every acknowledgement sent before the death was read by then.
  base::Instant settled;
};

// How often each activation ran, by its own marks.
using Marks = std::map<std::string, int>;

struct LossReport {
  std::size_t sent = 0;
  std::size_t completed = 0;
  std::size_t lost = 0;           // never completed
  std::size_t lost_expected = 0;  // committed and unfinished at some death
  std::size_t ran_never = 0;      // these three by the marks
  std::size_t ran_once = 0;
  std::size_t ran_twice = 0;
  bool marked = false;  // the three above are known
  bool exact = false;   // the lost are exactly the expected ones
  std::vector<std::string> lost_ids;

  base::Json to_json() const;
};

// Without deaths (nobody told when the invoker died) what was committed by `committed_at_end` of
// its invoker may be lost. `marks`: nothing where the actions leave none.
LossReport judge_losses(const Books& books, const std::vector<Death>& deaths,
                        const std::map<int, std::int64_t>& committed_at_end,
                        const std::optional<Marks>& marks, Breaches& breaches);

}  // namespace controller_sim
