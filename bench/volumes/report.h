// What was measured: said while it goes on, and as JSON for the chart.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "figures.h"

namespace volumes_bench {

// One measurement: figures with their names, "write s" or "create /s". The unit is the last word.
using Row = std::vector<std::pair<std::string, double>>;

struct Spread {
  double median = 0, least = 0, most = 0;
  std::size_t rounds = 0;
};

// Threads: one.
class Report {
 public:
  void begin(std::string experiment, std::string title);
  void add(const std::string& subject, const Row& row);
  void fail(const std::string& subject, const base::Error& error);
  // The table of the experiment that began last.
  void print() const;

  // Nothing where it was not measured.
  std::optional<Spread> spread(const std::string& experiment, const std::string& subject,
                               const std::string& figure) const;
  // A figure that is promised. Nothing is said where it was not measured.
  void result(const std::string& what, std::optional<double> reached, bench::Bound bound,
              double wanted, const std::string& unit);
  base::Json to_json() const;

 private:
  struct Series {
    std::string experiment, subject, figure;
    std::vector<double> values;
  };
  struct Failure {
    std::string experiment, subject, why;
  };
  Series& series(const std::string& subject, const std::string& figure);

  std::string experiment_;
  std::vector<std::pair<std::string, std::string>> titles_;
  std::vector<Series> series_;  // in the order in which they came
  std::vector<Failure> failures_;
  base::Json results_ = base::Json::array();
};

// a / b of two medians; nothing where one is missing.
std::optional<double> ratio(const std::optional<Spread>& a, const std::optional<Spread>& b);

}  // namespace volumes_bench
