// What an experiment has: the subjects, the report, and who watches over both.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "larder_node.h"
#include "report.h"
#include "subject.h"

namespace volumes_bench {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start);

// How the cluster's own benchmark is asked, as the floor.
struct RadosFloor {
  std::string conf_file;
  std::string user = "larder";
  std::string pool = "larder.data";
};

struct Rounds {
  int ours = 5;
  int others = 3;
  double seconds_max = 12;  // of one subject; it gets at least one round
};

class World {
 public:
  Report report;
  std::vector<std::unique_ptr<Subject>> subjects;
  LarderNodes nodes;  // empty where larder-storaged does not run
  std::optional<RadosFloor> rados;
  Path scratch;

  // Null where there is none of that name.
  Subject* find(const std::string& name) const;
  std::vector<Subject*> all() const;
  std::vector<Subject*> all_but(const std::set<std::string>& names) const;
  // Those of these names that run.
  std::vector<Subject*> only(const std::vector<std::string>& names) const;

  using Measure = std::function<base::Result<Row>(Subject& subject, int round)>;
  // Measures `who` in turn, round after round, and prints the table. A subject that fails is
  // left out of the rest of the experiment; one that hangs, of all that follow. When the whole has
  // taken too long, the rest is measured once and without the others.
  void measure(const std::string& experiment, const std::string& title,
               const std::vector<Subject*>& who, const Rounds& rounds, const Measure& measure);

 private:
  int rounds_of(const Subject& subject, const Rounds& rounds) const;
  base::Result<Row> watched(Subject& subject, double seconds_max,
                            const std::function<base::Result<Row>()>& work);

  const Clock::time_point start_ = Clock::now();
  std::set<const Subject*> hung_;
};

inline const std::string kNative = "native";
inline const std::string kEphemeral = "larder ephemeral";
inline const std::string kDurable = "larder durable";
inline const std::string kCephFs = "CephFS";

}  // namespace volumes_bench
