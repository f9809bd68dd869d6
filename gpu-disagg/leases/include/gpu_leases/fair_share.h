// What each namespace has had of the GPUs, so that who had less is served first.
//
// The unit is a GPU-second: a whole GPU's memory for a second. What was used counts half as much
// after each half-life, so an idle past is no credit and a busy one no debt for ever.
//
// Threads: one at a time. Time: never goes back.
#pragma once

#include <map>
#include <string>

#include "gpu_leases/terms.h"

namespace gpu_leases {

class FairShare {
 public:
  FairShare(milliseconds half_life, std::map<std::string, double> weights)
      : half_life_(half_life), weights_(std::move(weights)) {}

  // A lease holds `gpus` (0.25: a quarter of one's memory) from now on, or no longer. The first
  // second is charged when it begins: leases that are granted at one moment must count, too.
  void begin(const std::string& namespace_name, double gpus, base::Instant now);
  void end(const std::string& namespace_name, double gpus, base::Instant now);

  // GPU-seconds divided by weight; who has the least is next.
  double used(const std::string& namespace_name, base::Instant now) const;

  // Forgets those who hold nothing and whose past counts for nothing any more.
  void forget(base::Instant now);

  std::size_t known() const { return accounts_.size(); }

 private:
  struct Account {
    double used = 0;  // at `at`
    double held = 0;  // GPUs
    base::Instant at;
  };
  double at(const Account& account, base::Instant now) const;
  Account& brought_to(const std::string& namespace_name, base::Instant now);

  const milliseconds half_life_;
  const std::map<std::string, double> weights_;
  std::map<std::string, Account> accounts_;
};

}  // namespace gpu_leases
