#include "negotiation.h"

#include <array>
#include <cstring>

#include "wire.h"

namespace storage_fuse {
namespace {

// fuse_init_in and fuse_init_out in words of 32 bits.
constexpr std::size_t kInFlags = 3, kInFlags2 = 4;
constexpr std::size_t kOutFlags = 3, kOutFlags2 = 8, kOutStackDepth = 9, kOutWords = 16;

constexpr std::uint64_t kExtended = std::uint64_t{1} << 30;    // FUSE_INIT_EXT
constexpr std::uint64_t kKillPrivV1 = std::uint64_t{1} << 19;  // FUSE_HANDLE_KILLPRIV
constexpr std::uint64_t kKillPrivV2 = std::uint64_t{1} << 28;  // FUSE_HANDLE_KILLPRIV_V2
constexpr std::uint64_t kWritebackCache = std::uint64_t{1} << 16;
constexpr std::uint64_t kWanted = kExtended | kKillPrivV2 | wire::kInitHasResend |
                                  wire::kInitAllowIdmap | wire::kInitDirectIoAllowMmap;
// A backing file may itself be on a stacked file system, such as overlayfs.
constexpr std::uint32_t kStackDepth = 2;

template <std::size_t kWords>
std::array<std::uint32_t, kWords> words_of(std::span<const std::byte> bytes) {
  std::array<std::uint32_t, kWords> words{};
  std::memcpy(words.data(), bytes.data(), std::min(bytes.size(), sizeof words));
  return words;
}

std::uint64_t joined(std::uint32_t low, std::uint32_t high) {
  return low | (std::uint64_t{high} << 32);
}

}  // namespace

std::vector<std::byte> negotiated(std::span<const std::byte> request,
                                  std::span<const std::byte> answer, bool passthrough) {
  const auto in = words_of<kInFlags2 + 1>(request);
  auto out = words_of<kOutWords>(answer);
  const bool extended = (in[kInFlags] & kExtended) != 0;
  const std::uint64_t offered = joined(in[kInFlags], extended ? in[kInFlags2] : 0);
  std::uint64_t flags = joined(out[kOutFlags], 0);
  flags |= offered & kWanted;
  flags &= ~(kWritebackCache | kKillPrivV1);
  if (passthrough && (offered & wire::kInitPassthrough) != 0) {
    flags |= wire::kInitPassthrough;
    out[kOutStackDepth] = kStackDepth;
  }
  out[kOutFlags] = static_cast<std::uint32_t>(flags);
  out[kOutFlags2] = static_cast<std::uint32_t>(flags >> 32);
  const auto bytes = std::as_bytes(std::span(out));
  return {bytes.begin(), bytes.end()};
}

Abilities abilities_of(std::span<const std::byte> negotiated_answer) {
  const auto out = words_of<kOutWords>(negotiated_answer);
  const std::uint64_t flags = joined(out[kOutFlags], out[kOutFlags2]);
  return {.passthrough = (flags & wire::kInitPassthrough) != 0};
}

}  // namespace storage_fuse
