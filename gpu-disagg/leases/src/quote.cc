#include "gpu_leases/quote.h"

#include <tuple>

namespace gpu_leases {
namespace {

// The smaller the better.
auto rank(const Quote& quote) {
  return std::make_tuple(!quote.now, ~quote.known_bytes, quote.waiting, !quote.warm,
                         quote.same_namespace, ~quote.free_bytes);
}

}  // namespace

std::optional<std::size_t> best(std::span<const Quote> quotes) {
  std::optional<std::size_t> chosen;
  for (std::size_t i = 0; i < quotes.size(); ++i) {
    if (!quotes[i].ever) continue;
    if (!chosen || rank(quotes[i]) < rank(quotes[*chosen])) chosen = i;
  }
  return chosen;
}

}  // namespace gpu_leases
