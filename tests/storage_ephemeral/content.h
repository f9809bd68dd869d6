// What a file of the kill matrix holds: each byte follows from the file's number and its place, so
// that a reader in any process knows whether a byte is right.
#pragma once

#include <cstdint>
#include <string>

namespace storage_ephemeral {

inline char content_at(std::uint64_t file, std::uint64_t offset) {
  std::uint64_t x = file * 0x9e3779b97f4a7c15U + (offset >> 3) * 0xbf58476d1ce4e5b9U;
  x ^= x >> 29;
  x *= 0x94d049bb133111ebU;
  return static_cast<char>(x >> (8 * (offset & 7)));
}

inline std::string content(std::uint64_t file, std::uint64_t offset, std::size_t length) {
  std::string bytes(length, '\0');
  for (std::size_t i = 0; i < length; ++i) bytes[i] = content_at(file, offset + i);
  return bytes;
}

}  // namespace storage_ephemeral
