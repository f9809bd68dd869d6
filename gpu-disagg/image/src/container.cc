#include <algorithm>
#include <cctype>
#include <string>

#include "gpu_image/image.h"
#include "reading.h"

namespace gpu_image {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;

constexpr std::uint32_t kLz4Flag = 0x2000, kZstdFlag = 0x8000;
constexpr std::uint32_t kEntryHeaderBytes = 64;
constexpr std::size_t kEntriesMost = 4096;

Error broken(const std::string& what, std::uint64_t offset) {
  return Error{ErrorCode::kInvalidArgument,
               "fat binary: " + what + " at byte " + std::to_string(offset)};
}

EntryKind kind_of(std::uint16_t kind) {
  if (kind == 1) return EntryKind::kPtx;
  return kind == 2 ? EntryKind::kCubin : EntryKind::kOther;
}

Compression compression_of(std::uint32_t flags) {
  if ((flags & kZstdFlag) != 0) return Compression::kZstd;
  return (flags & kLz4Flag) != 0 ? Compression::kLz4 : Compression::kNone;
}

struct Read {
  Entry entry;
  std::uint64_t bytes = 0;  // header and padded payload
};

// `all` begins with an entry that lies at `offset` of the image.
Result<Read> read_entry(std::span<const std::byte> all, std::uint64_t offset) {
  if (all.size() < kEntryHeaderBytes) return broken("an entry is cut short", offset);
  const auto header_bytes = number_at<std::uint32_t>(all, 4);
  const auto padded = number_at<std::uint64_t>(all, 8);
  if (header_bytes < kEntryHeaderBytes || !lies_within(header_bytes, padded, all.size())) {
    return broken("an entry is larger than what holds it", offset);
  }
  Read read;
  Entry& entry = read.entry;
  entry.kind = kind_of(number_at<std::uint16_t>(all, 0));
  entry.version_minor = number_at<std::uint16_t>(all, 24);
  entry.version_major = number_at<std::uint16_t>(all, 26);
  entry.chip = number_at<std::uint32_t>(all, 28);
  const auto packed = number_at<std::uint32_t>(all, 16);
  if (packed > padded) return broken("an entry's packed size is above its size", offset);
  entry.compression =
      packed == 0 ? Compression::kNone : compression_of(number_at<std::uint32_t>(all, 40));
  if (packed != 0 && entry.compression == Compression::kNone) {
    return Error{ErrorCode::kUnsupported, "fat binary: an entry is packed in a way not known here"};
  }
  entry.payload = all.subspan(header_bytes, packed == 0 ? padded : packed);
  entry.unpacked_bytes = packed == 0 ? padded : number_at<std::uint64_t>(all, 56);
  read.bytes = header_bytes + padded;
  return read;
}

base::Status read_container(std::span<const std::byte> container, std::uint64_t offset,
                            std::vector<Entry>& entries) {
  while (!container.empty()) {
    TRY(const Read read, read_entry(container, offset));
    if (entries.size() == kEntriesMost) return broken("more entries than are allowed", offset);
    entries.push_back(read.entry);
    container = container.subspan(read.bytes);
    offset += read.bytes;
  }
  return {};
}

bool looks_like_text(std::byte byte) {
  const auto c = std::to_integer<unsigned char>(byte);
  return std::isprint(c) != 0 || std::isspace(c) != 0;
}

}  // namespace

Result<Form> form_of(std::span<const std::byte> image) {
  if (image.size() >= 4) {
    const auto magic = number_at<std::uint32_t>(image, 0);
    if (magic == kWrapperMagic) return Form::kWrapper;
    if (magic == kContainerMagic) return Form::kContainer;
    if (magic == kElfMagic) return Form::kElf;
  }
  if (!image.empty() &&
      std::ranges::all_of(image.first(std::min<std::size_t>(image.size(), 4)), looks_like_text)) {
    return Form::kPtx;
  }
  return Error{ErrorCode::kInvalidArgument, "code image: neither fat binary, nor cubin, nor text"};
}

Result<std::vector<Entry>> entries_of(std::span<const std::byte> containers) {
  std::vector<Entry> entries;
  std::uint64_t offset = 0;
  // Containers are padded to eight bytes where several follow one another.
  while (containers.size() - offset >= kContainerHeaderBytes) {
    const auto rest = containers.subspan(offset);
    if (number_at<std::uint32_t>(rest, 0) != kContainerMagic) return broken("no magic", offset);
    const auto header = number_at<std::uint16_t>(rest, 6);
    const auto payload = number_at<std::uint64_t>(rest, 8);
    if (header < kContainerHeaderBytes || !lies_within(header, payload, rest.size())) {
      return broken("a container is larger than the image", offset);
    }
    TRY_STATUS(read_container(rest.subspan(header, payload), offset + header, entries));
    offset = std::min<std::uint64_t>((offset + header + payload + 7) & ~7ULL, containers.size());
  }
  if (offset != containers.size()) return broken("bytes are left over", offset);
  return entries;
}

}  // namespace gpu_image
