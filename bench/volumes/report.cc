#include "report.h"

#include <algorithm>
#include <cstdio>

namespace volumes_bench {
namespace {

Spread spread_of(std::vector<double> values) {
  std::ranges::sort(values);
  return {values[values.size() / 2], values.front(), values.back(), values.size()};
}

base::Json number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return base::Json::number(text);
}

}  // namespace

void Report::begin(std::string experiment, std::string title) {
  experiment_ = experiment;
  std::printf("\n%s  %s\n", experiment.c_str(), title.c_str());
  std::fflush(stdout);
  titles_.emplace_back(std::move(experiment), std::move(title));
}

Report::Series& Report::series(const std::string& subject, const std::string& figure) {
  for (auto& one : series_)
    if (one.experiment == experiment_ && one.subject == subject && one.figure == figure) return one;
  return series_.emplace_back(Series{experiment_, subject, figure, {}});
}

void Report::add(const std::string& subject, const Row& row) {
  for (const auto& [figure, value] : row) series(subject, figure).values.push_back(value);
}

void Report::fail(const std::string& subject, const base::Error& error) {
  std::printf("    %s: %s\n", subject.c_str(), error.message.c_str());
  std::fflush(stdout);
  failures_.push_back({experiment_, subject, error.message});
}

void Report::print() const {
  std::string subject;
  for (const auto& one : series_) {
    if (one.experiment != experiment_) continue;
    const Spread spread = spread_of(one.values);
    std::printf("    %-22s %-34s %12.4g   [%.4g to %.4g, %zu]\n",
                one.subject == subject ? "" : one.subject.c_str(), one.figure.c_str(),
                spread.median, spread.least, spread.most, spread.rounds);
    subject = one.subject;
  }
  std::fflush(stdout);
}

std::optional<Spread> Report::spread(const std::string& experiment, const std::string& subject,
                                     const std::string& figure) const {
  for (const auto& one : series_)
    if (one.experiment == experiment && one.subject == subject && one.figure == figure)
      return spread_of(one.values);
  return std::nullopt;
}

void Report::result(const std::string& what, std::optional<double> reached, bench::Bound bound,
                    double wanted, const std::string& unit) {
  if (!reached) return;
  bench::print_result(what, *reached, bound, wanted, unit);
  const bool at_most = bound == bench::Bound::kAtMost;
  results_.append(
      base::Json::object({{"what", what},
                          {"reached", number(*reached)},
                          {"bound", at_most ? "at most" : "at least"},
                          {"wanted", number(wanted)},
                          {"unit", unit},
                          {"held", at_most ? *reached <= wanted : *reached >= wanted}}));
}

base::Json Report::to_json() const {
  base::Json titles = base::Json::object(), measured = base::Json::array(),
             failed = base::Json::array();
  for (const auto& [experiment, title] : titles_) titles.set(experiment, title);
  for (const auto& one : series_) {
    const Spread spread = spread_of(one.values);
    measured.append(base::Json::object({{"experiment", one.experiment},
                                        {"subject", one.subject},
                                        {"figure", one.figure},
                                        {"median", number(spread.median)},
                                        {"min", number(spread.least)},
                                        {"max", number(spread.most)},
                                        {"rounds", std::uint64_t{spread.rounds}}}));
  }
  for (const auto& one : failures_)
    failed.append(base::Json::object(
        {{"experiment", one.experiment}, {"subject", one.subject}, {"why", one.why}}));
  return base::Json::object(
      {{"titles", titles}, {"measured", measured}, {"failed", failed}, {"results", results_}});
}

std::optional<double> ratio(const std::optional<Spread>& a, const std::optional<Spread>& b) {
  if (!a || !b || b->median <= 0) return std::nullopt;
  return a->median / b->median;
}

}  // namespace volumes_bench
