#include <elf.h>

#include <algorithm>

#include "gpu_image/image.h"
#include "reading.h"

namespace gpu_image {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;

constexpr std::uint16_t kMachineCuda = 190;

Error broken(const char* what) {
  return Error{ErrorCode::kInvalidArgument, std::string("cubin: ") + what};
}

// The end of a table of headers, and of what each of them points at.
class Extent {
 public:
  explicit Extent(std::uint64_t limit) : limit_(limit) {}

  bool reach(std::uint64_t offset, std::uint64_t bytes) {
    if (!lies_within(offset, bytes, limit_)) return false;
    end_ = std::max(end_, offset + bytes);
    return true;
  }
  std::uint64_t end() const { return end_; }

 private:
  std::uint64_t limit_;
  std::uint64_t end_ = sizeof(Elf64_Ehdr);
};

bool reach_sections(std::span<const std::byte> image, const Elf64_Ehdr& header, Extent& extent) {
  for (std::uint64_t i = 0; i < header.e_shnum; ++i) {
    const auto section = number_at<Elf64_Shdr>(image, header.e_shoff + i * sizeof(Elf64_Shdr));
    const bool in_file = section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL;
    if (in_file && !extent.reach(section.sh_offset, section.sh_size)) return false;
  }
  return true;
}

bool reach_segments(std::span<const std::byte> image, const Elf64_Ehdr& header, Extent& extent) {
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = number_at<Elf64_Phdr>(image, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (!extent.reach(segment.p_offset, segment.p_filesz)) return false;
  }
  return true;
}

}  // namespace

Result<std::uint64_t> elf_bytes(std::span<const std::byte> image) {
  if (image.size() < sizeof(Elf64_Ehdr)) return broken("shorter than its header");
  const auto header = number_at<Elf64_Ehdr>(image, 0);
  if (number_at<std::uint32_t>(image, 0) != kElfMagic) return broken("no magic");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != kMachineCuda) {
    return broken("not a 64-bit image for a GPU");
  }
  if ((header.e_shnum != 0 && header.e_shentsize != sizeof(Elf64_Shdr)) ||
      (header.e_phnum != 0 && header.e_phentsize != sizeof(Elf64_Phdr))) {
    return broken("headers of a size not known here");
  }
  Extent extent(image.size());
  if (!extent.reach(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr)) ||
      !extent.reach(header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr)) ||
      !reach_sections(image, header, extent) || !reach_segments(image, header, extent)) {
    return broken("its tables lead beyond its end");
  }
  return extent.end();
}

}  // namespace gpu_image
