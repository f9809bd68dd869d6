#include "gpu_leases/fair_share.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gpu_leases {
namespace {

constexpr double kFirstSecond = 1;  // charged when a lease begins
constexpr double kNothing = 1e-6;   // GPU-seconds

}  // namespace

// With decay rate r, what is held adds held/r * (1 - exp(-r t)) to what is left of the past.
double FairShare::at(const Account& account, base::Instant now) const {
  const double rate = std::numbers::ln2 / std::chrono::duration<double>(half_life_).count();
  const double seconds = std::chrono::duration<double>(now - account.at).count();
  const double left = std::exp(-rate * seconds);
  return account.used * left + account.held / rate * (1 - left);
}

FairShare::Account& FairShare::brought_to(const std::string& namespace_name, base::Instant now) {
  auto& account = accounts_.try_emplace(namespace_name, Account{0, 0, now}).first->second;
  account.used = at(account, now);
  account.at = now;
  return account;
}

void FairShare::begin(const std::string& namespace_name, double gpus, base::Instant now) {
  Account& account = brought_to(namespace_name, now);
  account.used += gpus * kFirstSecond;
  account.held += gpus;
}

void FairShare::end(const std::string& namespace_name, double gpus, base::Instant now) {
  Account& account = brought_to(namespace_name, now);
  account.held = std::max(0.0, account.held - gpus);
}

double FairShare::used(const std::string& namespace_name, base::Instant now) const {
  const auto found = accounts_.find(namespace_name);
  if (found == accounts_.end()) return 0;
  const auto weight = weights_.find(namespace_name);
  return at(found->second, now) / (weight == weights_.end() ? 1.0 : weight->second);
}

void FairShare::forget(base::Instant now) {
  std::erase_if(accounts_, [&](const auto& entry) {
    return entry.second.held < kNothing && at(entry.second, now) < kNothing;
  });
}

}  // namespace gpu_leases
