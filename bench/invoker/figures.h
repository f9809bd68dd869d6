// Figures: percentiles of samples, and the lines that `./dev bench` collects.
#pragma once

#include <string>
#include <vector>

namespace bench {

class Samples {
 public:
  void add(double value) { values_.push_back(value); }
  // The value below which the share `p` (0..1) of the samples lies. At least one sample.
  double percentile(double p);
  std::size_t size() const { return values_.size(); }

 private:
  std::vector<double> values_;
};

enum class Bound { kAtMost, kAtLeast };

// RESULT|what|reached|must reach|yes or no
void print_result(const std::string& what, double reached, Bound bound, double wanted,
                  const std::string& unit);

}  // namespace bench
