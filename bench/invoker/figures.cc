#include "figures.h"

#include <algorithm>
#include <cstdio>

namespace bench {

double Samples::percentile(double p) {
  const auto at = static_cast<std::size_t>(p * static_cast<double>(values_.size() - 1));
  std::nth_element(values_.begin(), values_.begin() + static_cast<std::ptrdiff_t>(at),
                   values_.end());
  return values_[at];
}

void print_result(const std::string& what, double reached, Bound bound, double wanted,
                  const std::string& unit) {
  const bool at_most = bound == Bound::kAtMost;
  const bool held = at_most ? reached <= wanted : reached >= wanted;
  std::printf("RESULT|%s|%.4g %s|%s %.4g %s|%s\n", what.c_str(), reached, unit.c_str(),
              at_most ? "<=" : ">=", wanted, unit.c_str(), held ? "yes" : "no");
  std::fflush(stdout);
}

}  // namespace bench
