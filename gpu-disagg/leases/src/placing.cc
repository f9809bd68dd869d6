// Which GPUs a request may have.
#include <algorithm>
#include <tuple>

#include "gpu_leases/lease_book.h"

namespace gpu_leases {

std::uint64_t LeaseBook::memory_of(const Request& request) const {
  return request.memory_bytes != 0 ? request.memory_bytes : config_.default_memory_bytes;
}

bool LeaseBook::is_of_kind(const Request& request, GpuIndex gpu) const {
  if (request.device == DeviceWish::kAny) return true;
  return (request.device == DeviceWish::kCuda) == (config_.gpus[gpu].kind == DeviceKind::kCuda);
}

// What idle sessions take is always theirs: they are replaced as soon as one is leased.
std::uint64_t LeaseBook::free_bytes(GpuIndex gpu) const {
  std::uint64_t held = config_.idle_sessions * config_.session_bytes;
  for (const auto& [id, session] : sessions_) {
    const bool here = std::ranges::find(session.gpus, gpu) != session.gpus.end();
    if (here && session.lease) held += session.memory_bytes + config_.session_bytes;
  }
  for (const auto& [id, lease] : leases_) {
    const bool here = std::ranges::find(lease.gpus, gpu) != lease.gpus.end();
    if (here && !lease.session) held += memory_of(lease.request) + config_.session_bytes;
  }
  const auto all = config_.gpus[gpu].memory_bytes;
  return held >= all ? 0 : all - held;
}

bool LeaseBook::fits_ever(const Request& request) const {
  const std::uint64_t ahead = config_.idle_sessions * config_.session_bytes;
  std::size_t found = 0;
  for (GpuIndex gpu = 0; gpu < config_.gpus.size(); ++gpu) {
    const auto all = config_.gpus[gpu].memory_bytes;
    // Compared without a sum, which could overflow: the request is somebody else's number.
    const std::uint64_t taken = ahead + config_.session_bytes;
    if (is_of_kind(request, gpu) && taken <= all && memory_of(request) <= all - taken) ++found;
  }
  return request.count > 0 && found >= request.count;
}

bool LeaseBook::fits(const Request& request, GpuIndex gpu) const {
  const auto room = free_bytes(gpu);
  return is_of_kind(request, gpu) && config_.session_bytes <= room &&
         memory_of(request) <= room - config_.session_bytes;
}

std::size_t LeaseBook::leases_on(GpuIndex gpu, const std::string* namespace_name) const {
  return static_cast<std::size_t>(std::ranges::count_if(leases_, [&](const auto& entry) {
    const Lease& lease = entry.second;
    return std::ranges::find(lease.gpus, gpu) != lease.gpus.end() &&
           (namespace_name == nullptr || lease.request.namespace_name == *namespace_name);
  }));
}

// Least work first; then away from the tenant's own; then where least is left over, so that large
// requests still find room.
std::vector<GpuIndex> LeaseBook::place(const Request& request,
                                       const std::vector<bool>& kept) const {
  std::vector<std::tuple<std::size_t, std::size_t, std::uint64_t, GpuIndex>> found;
  for (GpuIndex gpu = 0; gpu < config_.gpus.size(); ++gpu) {
    if (kept[gpu] || !fits(request, gpu)) continue;
    found.emplace_back(leases_on(gpu, nullptr), leases_on(gpu, &request.namespace_name),
                       free_bytes(gpu), gpu);
  }
  std::ranges::sort(found);
  std::vector<GpuIndex> gpus;
  for (const auto& entry : found) {
    if (gpus.size() < request.count) gpus.push_back(std::get<3>(entry));
  }
  return gpus;
}

// Those that are nearest to having room for it.
void LeaseBook::keep(const Request& request, std::vector<bool>& kept) const {
  std::vector<std::pair<std::uint64_t, GpuIndex>> candidates;
  for (GpuIndex gpu = 0; gpu < config_.gpus.size(); ++gpu) {
    const auto all = config_.gpus[gpu].memory_bytes;
    const bool large_enough = memory_of(request) <= all;
    if (is_of_kind(request, gpu) && large_enough) candidates.emplace_back(~free_bytes(gpu), gpu);
  }
  std::ranges::sort(candidates);
  for (std::size_t i = 0; i < std::min(request.count, candidates.size()); ++i) {
    kept[candidates[i].second] = true;
  }
}

Quote LeaseBook::quote(const Request& request) const {
  Quote quote;
  quote.ever = !stopping_ && fits_ever(request);
  quote.waiting = waiting_;
  const std::vector<bool> none(config_.gpus.size(), false);
  const auto gpus = place(request, none);
  quote.now = quote.ever && waiting_ == 0 && gpus.size() == request.count;
  for (const GpuIndex gpu : gpus) {
    quote.free_bytes = std::max(quote.free_bytes, free_bytes(gpu));
    quote.warm = quote.warm || (request.count == 1 && spare_sessions(gpu) > 0);
  }
  for (const auto& [id, lease] : leases_) {
    if (lease.request.namespace_name == request.namespace_name) ++quote.same_namespace;
  }
  return quote;
}

}  // namespace gpu_leases
