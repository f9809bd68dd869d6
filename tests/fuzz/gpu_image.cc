// Bytes as code images: every form, with every compression.
#include <cstddef>
#include <cstdint>
#include <span>

#include "gpu_image/image.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kBytesMost = 1 << 20;
  const std::span image(reinterpret_cast<const std::byte*>(data), size);
  (void)gpu_image::form_of(image).ok();
  (void)gpu_image::elf_bytes(image).ok();
  (void)gpu_image::ptx_text(image, 90, kBytesMost).ok();
  if (const auto entries = gpu_image::entries_of(image); entries.ok()) {
    for (const auto& entry : *entries) (void)gpu_image::unpack(entry, kBytesMost).ok();
  }
  return 0;
}
