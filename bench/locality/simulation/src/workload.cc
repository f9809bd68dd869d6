#include "workload.h"

#include <algorithm>
#include <cmath>

#include "hints/rank.h"

namespace locality_simulation {
namespace {

std::vector<double> zipf_sums(int count, double exponent) {
  std::vector<double> sums(static_cast<std::size_t>(count));
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    sum += std::pow(i + 1, -exponent);
    sums[static_cast<std::size_t>(i)] = sum;
  }
  for (double& one : sums) one /= sum;
  return sums;
}

}  // namespace

Workload::Workload(const Config& config, std::mt19937_64& random)
    : config_(config),
      random_(random),
      action_shares_(zipf_sums(config.actions, config.zipf)),
      volume_shares_(zipf_sums(config.volumes, config.zipf)) {
  hints_.volumes.resize(1);
  hints_.volumes[0].name = "any";
  if (config.hints) {
    hints_.locality = hints::Locality{.reads = {"{volume}/2024/**"},
                                      .key = {},
                                      .wait = std::chrono::milliseconds(config.wait_ms)};
  }
  std::uniform_real_distribution<double> size(0.5, 2);
  for (int i = 0; i < config.volumes; ++i) {
    const std::string name = "v" + std::to_string(i);
    const auto bytes =
        static_cast<std::int64_t>(config.volume_mib * size(random_) * static_cast<double>(kMiB));
    volumes_.push_back({"guest/" + name, bytes, base::Json::object({{"volume", name}})});
  }
  for (int i = 0; i < config.actions; ++i) {
    const std::string name = "guest/action" + std::to_string(i);
    const int volume = config.hot ? 0 : draw(volume_shares_);
    actions_.push_back({name, hints::key_hash(name), volume});
  }
}

double Workload::next_arrival() {
  const double slots = static_cast<double>(config_.nodes) * config_.slots;
  return exponential(config_.run_ms / (slots * config_.utilization));
}

int Workload::draw_volume(int action) {
  if (config_.data_by_call && !config_.hot) return draw(volume_shares_);
  return actions_[static_cast<std::size_t>(action)].volume;
}

int Workload::draw(const std::vector<double>& sums) {
  const double at = std::uniform_real_distribution<double>(0, 1)(random_);
  const auto found = std::ranges::lower_bound(sums, at);
  return static_cast<int>(
      std::min<std::ptrdiff_t>(found - sums.begin(), static_cast<std::ptrdiff_t>(sums.size()) - 1));
}

double Workload::exponential(double mean) {
  return mean <= 0 ? 0 : std::exponential_distribution<double>(1 / mean)(random_);
}

}  // namespace locality_simulation
