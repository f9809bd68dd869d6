#include <algorithm>
#include <array>
#include <string>

#include "gpu_image/image.h"
#include "reading.h"

namespace gpu_image {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::Status;

constexpr std::size_t kContainersMost = 4096;

// As compilers write it into programs.
struct Wrapper {
  std::uint32_t magic;
  std::uint32_t version;
  const std::byte* data;
  const void* const* chain;  // version 2: containers, ended by null; version 1: a name
};

std::uint32_t magic_at(const void* image) {
  std::uint32_t magic;
  std::memcpy(&magic, image, sizeof magic);
  return magic;
}

Error too_large(std::uint64_t bytes_most) {
  return Error{ErrorCode::kNoSpace,
               "code image: larger than the " + std::to_string(bytes_most) + " bytes allowed"};
}

Status append_container(const void* image, std::uint64_t bytes_most, std::vector<std::byte>& out) {
  const auto* bytes = static_cast<const std::byte*>(image);
  const std::span<const std::byte> header(bytes, kContainerHeaderBytes);
  const auto header_bytes = number_at<std::uint16_t>(header, 6);
  const auto payload = number_at<std::uint64_t>(header, 8);
  out.resize((out.size() + 7) & ~std::size_t{7});
  if (out.size() > bytes_most || !lies_within(header_bytes, payload, bytes_most - out.size())) {
    return too_large(bytes_most);
  }
  out.insert(out.end(), bytes, bytes + header_bytes + payload);
  return {};
}

Status append_link(const void* link, std::uint64_t bytes_most, std::vector<std::byte>& out) {
  if (magic_at(link) == kWrapperMagic) link = static_cast<const Wrapper*>(link)->data;
  if (link == nullptr || magic_at(link) != kContainerMagic) {
    return Error{ErrorCode::kInvalidArgument, "code image: its wrapper leads to no container"};
  }
  return append_container(link, bytes_most, out);
}

Result<std::vector<std::byte>> of_wrapper(const Wrapper& wrapper, std::uint64_t bytes_most) {
  std::vector<std::byte> out;
  if (wrapper.data != nullptr) TRY_STATUS(append_link(wrapper.data, bytes_most, out));
  if (wrapper.version >= 2 && wrapper.chain != nullptr) {
    for (std::size_t i = 0; wrapper.chain[i] != nullptr; ++i) {
      if (i == kContainersMost) return too_large(bytes_most);
      TRY_STATUS(append_link(wrapper.chain[i], bytes_most, out));
    }
  }
  return out;
}

// A cubin's length is learnt in two steps: where its tables end, then where what they name ends.
Result<std::vector<std::byte>> of_elf(const std::byte* image, std::uint64_t bytes_most) {
  TRY(const std::uint64_t bytes, elf_bytes(std::span(image, bytes_most)));
  return std::vector<std::byte>(image, image + bytes);
}

Result<std::vector<std::byte>> of_text(const std::byte* image, std::uint64_t bytes_most) {
  const std::size_t length = strnlen(reinterpret_cast<const char*>(image), bytes_most);
  if (length == bytes_most) return too_large(bytes_most);
  return std::vector<std::byte>(image, image + length + 1);
}

}  // namespace

Result<std::vector<std::byte>> flatten(const void* image, std::uint64_t bytes_most) {
  if (image == nullptr) return Error{ErrorCode::kInvalidArgument, "code image: a null pointer"};
  const auto* bytes = static_cast<const std::byte*>(image);
  // Text may be shorter than a magic number: look at one byte after the other.
  std::array<std::byte, 4> first{};
  for (std::size_t i = 0; i < first.size(); ++i) {
    first.at(i) = bytes[i];
    if (bytes[i] == std::byte{0}) break;
  }
  const auto magic = number_at<std::uint32_t>(first, 0);
  if (magic == kWrapperMagic) return of_wrapper(*static_cast<const Wrapper*>(image), bytes_most);
  if (magic == kElfMagic) return of_elf(bytes, bytes_most);
  if (magic == kContainerMagic) {
    std::vector<std::byte> out;
    TRY_STATUS(append_container(image, bytes_most, out));
    return out;
  }
  return of_text(bytes, bytes_most);
}

}  // namespace gpu_image
