#include <elf.h>
#include <gtest/gtest.h>

#include "gpu_image/image.h"
#include "made_image.h"

namespace gpu_image {
namespace {

using made::Bytes;

// A cubin whose section headers lie before what they name.
Bytes cubin() {
  Elf64_Ehdr header{};
  header.e_ident[0] = 0x7f;
  header.e_ident[1] = 'E';
  header.e_ident[2] = 'L';
  header.e_ident[3] = 'F';
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_machine = 190;
  header.e_shoff = 64;
  header.e_shnum = 2;
  header.e_shentsize = sizeof(Elf64_Shdr);
  Elf64_Shdr section{};
  section.sh_type = SHT_PROGBITS;
  section.sh_offset = 256;
  section.sh_size = 100;
  Bytes image(400);
  made::put(image, 0, header);
  made::put(image, 64 + sizeof(Elf64_Shdr), section);
  return image;
}

TEST(Cubin, EndsWhereItsLastSectionEnds) {
  EXPECT_EQ(elf_bytes(cubin()).value(), 356U);
  const Bytes image = cubin();
  const auto flat = flatten(image.data(), image.size());
  ASSERT_TRUE(flat.ok());
  EXPECT_EQ(flat->size(), 356U);
}

TEST(Cubin, TablesThatLeadOutsideAreErrors) {
  for (const std::size_t size : {0U, 10U, 63U, 100U, 200U, 355U}) {
    const Bytes image = cubin();
    EXPECT_FALSE(elf_bytes(std::span(image).first(size)).ok()) << size;
  }
  Bytes image = cubin();
  made::put<std::uint64_t>(image, 40, ~std::uint64_t{0} - 10);  // e_shoff
  EXPECT_FALSE(elf_bytes(image).ok());
}

TEST(Cubin, OtherMachinesAreNotTaken) {
  Bytes image = cubin();
  made::put<std::uint16_t>(image, 18, EM_X86_64);
  EXPECT_FALSE(elf_bytes(image).ok());
}

TEST(Cubin, HasNoPtx) { EXPECT_FALSE(ptx_text(cubin(), 70, 1000).ok()); }

}  // namespace
}  // namespace gpu_image
