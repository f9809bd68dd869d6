// Code images as CUDA programs carry them: fat binary wrappers and containers, cubins, PTX text.
//
// Threads: plain functions of their arguments. Nothing here looks at device code itself.
// Errors: kInvalidArgument with what is wrong and where; kUnsupported for a compression not known
// here; kNoSpace where an image is larger than the caller allows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace gpu_image {

enum class Form {
  kWrapper,    // magic and pointers: means something only in the process that holds it
  kContainer,  // one fat binary, or several in a row
  kElf,        // a cubin
  kPtx,        // text
};

// By the first bytes; kInvalidArgument where they are none of these.
base::Result<Form> form_of(std::span<const std::byte> image);

enum class EntryKind { kPtx, kCubin, kOther };
enum class Compression { kNone, kLz4, kZstd };

struct Entry {
  EntryKind kind = EntryKind::kOther;
  std::uint32_t chip = 0;  // 75 for sm_75
  std::uint16_t version_major = 0, version_minor = 0;
  Compression compression = Compression::kNone;
  std::span<const std::byte> payload;  // without padding; points into the container
  std::uint64_t unpacked_bytes = 0;
};

// What is in one container or several in a row.
base::Result<std::vector<Entry>> entries_of(std::span<const std::byte> containers);

// The payload, unpacked. At most `bytes_most` (kNoSpace) are allocated, whatever the image claims.
base::Result<std::vector<std::byte>> unpack(const Entry& entry, std::uint64_t bytes_most);

// The bytes of a cubin, by its own tables, of which `image` must hold as many (it may hold more).
base::Result<std::uint64_t> elf_bytes(std::span<const std::byte> image);

// The PTX text of an image of any form but kWrapper: of a fat binary, the PTX for the highest chip
// not above `chip_most`. kNotFound where there is none.
base::Result<std::string> ptx_text(std::span<const std::byte> image, std::uint32_t chip_most,
                                   std::uint64_t bytes_most);

// The image that a pointer of this process leads to, as bytes that stand alone: all containers of a
// wrapper in a row, a cubin, or text with its final NUL. It trusts the pointer, as the driver does,
// but neither the lengths nor the offsets found behind it beyond `bytes_most`.
base::Result<std::vector<std::byte>> flatten(const void* image, std::uint64_t bytes_most);

}  // namespace gpu_image
