#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <string>

#include "gpu_image/image.h"
#include "reading.h"

namespace gpu_image {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;

Result<std::vector<std::byte>> unpack_lz4(const Entry& entry) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<int>::max());
  if (entry.unpacked_bytes > kMost || entry.payload.size() > kMost) {
    return Error{ErrorCode::kNoSpace, "fat binary: LZ4 data beyond 2 GiB"};
  }
  std::vector<std::byte> out(entry.unpacked_bytes);
  const int got = LZ4_decompress_safe(
      reinterpret_cast<const char*>(entry.payload.data()), reinterpret_cast<char*>(out.data()),
      static_cast<int>(entry.payload.size()), static_cast<int>(out.size()));
  if (got < 0 || static_cast<std::uint64_t>(got) != entry.unpacked_bytes) {
    return Error{ErrorCode::kInvalidArgument, "fat binary: broken LZ4 data"};
  }
  return out;
}

Result<std::vector<std::byte>> unpack_zstd(const Entry& entry) {
  std::vector<std::byte> out(entry.unpacked_bytes);
  const std::size_t got =
      ZSTD_decompress(out.data(), out.size(), entry.payload.data(), entry.payload.size());
  if (ZSTD_isError(got) != 0) {
    return Error{ErrorCode::kInvalidArgument,
                 std::string("fat binary: broken zstd data: ") + ZSTD_getErrorName(got)};
  }
  if (got != out.size()) {
    return Error{ErrorCode::kInvalidArgument, "fat binary: zstd data shorter than its entry says"};
  }
  return out;
}

// Without the NULs that end and pad it.
std::string text_of(std::span<const std::byte> bytes) {
  const auto end = std::ranges::find(bytes, std::byte{0});
  return {reinterpret_cast<const char*>(bytes.data()),
          static_cast<std::size_t>(end - bytes.begin())};
}

}  // namespace

Result<std::vector<std::byte>> unpack(const Entry& entry, std::uint64_t bytes_most) {
  if (entry.unpacked_bytes > bytes_most) {
    return Error{ErrorCode::kNoSpace, "fat binary: an entry of " +
                                          std::to_string(entry.unpacked_bytes) +
                                          " bytes; allowed are " + std::to_string(bytes_most)};
  }
  switch (entry.compression) {
    case Compression::kLz4:
      return unpack_lz4(entry);
    case Compression::kZstd:
      return unpack_zstd(entry);
    case Compression::kNone:
      break;
  }
  return std::vector<std::byte>(entry.payload.begin(), entry.payload.end());
}

Result<std::string> ptx_text(std::span<const std::byte> image, std::uint32_t chip_most,
                             std::uint64_t bytes_most) {
  TRY(const Form form, form_of(image));
  if (form == Form::kPtx) return text_of(image);
  if (form != Form::kContainer) {
    return Error{ErrorCode::kNotFound, "code image: a cubin alone, without PTX"};
  }
  TRY(const std::vector<Entry> entries, entries_of(image));
  const Entry* best = nullptr;
  for (const Entry& entry : entries) {
    if (entry.kind != EntryKind::kPtx || entry.chip > chip_most) continue;
    if (best == nullptr || entry.chip > best->chip) best = &entry;
  }
  if (best == nullptr) {
    return Error{ErrorCode::kNotFound,
                 "fat binary: no PTX for sm_" + std::to_string(chip_most) + " or older in it"};
  }
  TRY(const std::vector<std::byte> text, unpack(*best, bytes_most));
  return text_of(text);
}

}  // namespace gpu_image
