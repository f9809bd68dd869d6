// Fat binaries made by hand, as nvcc lays them out.
#pragma once

#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "gpu_image/image.h"

namespace gpu_image::made {

using Bytes = std::vector<std::byte>;

template <typename T>
void put(Bytes& bytes, std::size_t offset, T value) {
  if (bytes.size() < offset + sizeof value) bytes.resize(offset + sizeof value);
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

inline Bytes bytes_of(const std::string& text) {
  const auto* start = reinterpret_cast<const std::byte*>(text.data());
  return {start, start + text.size()};
}

inline Bytes packed(const Bytes& plain, Compression compression) {
  if (compression == Compression::kNone) return plain;
  const int size = static_cast<int>(plain.size());
  Bytes out(plain.size() + 1024);
  if (compression == Compression::kLz4) {
    out.resize(static_cast<std::size_t>(LZ4_compress_default(
        reinterpret_cast<const char*>(plain.data()), reinterpret_cast<char*>(out.data()), size,
        static_cast<int>(out.size()))));
  } else {
    out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 3));
  }
  return out;
}

inline Bytes entry(std::uint16_t kind, std::uint32_t chip, const Bytes& plain,
                   Compression compression) {
  const Bytes body = packed(plain, compression);
  const std::uint64_t padded = (body.size() + 7) & ~std::size_t{7};
  Bytes out(64 + padded);
  put<std::uint16_t>(out, 0, kind);
  put<std::uint16_t>(out, 2, 0x0101);
  put<std::uint32_t>(out, 4, 64);
  put<std::uint64_t>(out, 8, padded);
  put<std::uint16_t>(out, 26, 6);
  put<std::uint32_t>(out, 28, chip);
  std::uint32_t flags = 0x11;
  if (compression != Compression::kNone) {
    put<std::uint32_t>(out, 16, static_cast<std::uint32_t>(body.size()));
    put<std::uint64_t>(out, 56, plain.size());
    flags |= compression == Compression::kLz4 ? 0x2000U : 0x8000U;
  }
  put<std::uint32_t>(out, 40, flags);
  std::memcpy(out.data() + 64, body.data(), body.size());
  return out;
}

inline Bytes container(const std::vector<Bytes>& entries) {
  std::size_t end = 16;
  for (const Bytes& one : entries) end += one.size();
  Bytes out(end);
  end = 16;
  for (const Bytes& one : entries) {
    std::ranges::copy(one, out.begin() + static_cast<std::ptrdiff_t>(end));
    end += one.size();
  }
  put<std::uint32_t>(out, 0, 0xBA55ED50);
  put<std::uint16_t>(out, 4, 1);
  put<std::uint16_t>(out, 6, 16);
  put<std::uint64_t>(out, 8, out.size() - 16);
  return out;
}

}  // namespace gpu_image::made
