#include "bytes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace storage_tree {
namespace {

constexpr std::size_t kChecksumBytes = 4;

std::string checksum_bytes(std::string_view bytes) {
  const std::uint64_t sum = checksum(bytes);
  std::string result(kChecksumBytes, '\0');
  for (std::size_t i = 0; i < kChecksumBytes; ++i) {
    result[i] = static_cast<char>((sum ^ (sum >> 32)) >> (8 * i));
  }
  return result;
}

}  // namespace

// Four sums beside each other: one alone waits for its own multiplications.
std::uint64_t checksum(std::string_view bytes) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  const auto add = [](std::uint64_t& sum, std::uint64_t word) {
    sum = std::rotl((sum ^ word) * kOdd, 29);
  };
  const auto word_at = [&](std::size_t at, std::size_t size) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, size);
    return word;
  };
  std::array<std::uint64_t, 4> sums{bytes.size() * kOdd + 1, 2, 3, 4};
  std::size_t at = 0;
  for (; at + sums.size() * kWord <= bytes.size(); at += sums.size() * kWord) {
    for (std::size_t i = 0; i < sums.size(); ++i) add(sums[i], word_at(at + i * kWord, kWord));
  }
  for (; at < bytes.size(); at += kWord) {
    add(sums[0], word_at(at, std::min(kWord, bytes.size() - at)));
  }
  for (std::size_t i = 1; i < sums.size(); ++i) add(sums[0], sums[i]);
  return sums[0];
}

std::string sortable(std::uint64_t value) {
  std::string result(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) result[i] = static_cast<char>(value >> (56 - 8 * i));
  return result;
}

std::optional<std::uint64_t> unsortable(std::string_view bytes) {
  if (bytes.size() != 8) return std::nullopt;
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

Encoder& Encoder::number(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
  bytes_ += static_cast<char>(value);
  return *this;
}

Encoder& Encoder::signed_number(std::int64_t value) {
  return number(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
}

Encoder& Encoder::text(std::string_view value) {
  number(value.size());
  bytes_ += value;
  return *this;
}

std::string with_checksum(std::string body) {
  body += checksum_bytes(body);
  return body;
}

std::string Encoder::finish() && { return with_checksum(std::move(bytes_)); }

Decoder::Decoder(std::string_view value) {
  good_ = value.size() > kChecksumBytes && value.front() == Encoder::kMark;
  if (!good_) return;
  const auto body = value.substr(0, value.size() - kChecksumBytes);
  good_ = checksum_bytes(body) == value.substr(body.size());
  if (good_) rest_ = body.substr(1);
}

std::uint64_t Decoder::number() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; good_ && shift < 64; shift += 7) {
    if (rest_.empty()) break;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  good_ = false;
  return 0;
}

std::int64_t Decoder::signed_number() {
  const std::uint64_t value = number();
  return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
}

std::string Decoder::text() {
  const std::uint64_t size = number();
  if (size > rest_.size()) good_ = false;
  if (!good_) return {};
  std::string result(rest_.substr(0, size));
  rest_.remove_prefix(size);
  return result;
}

std::uint64_t Decoder::count(std::size_t least) {
  const std::uint64_t value = number();
  if (value > rest_.size() / least) good_ = false;
  return good_ ? value : 0;
}

}  // namespace storage_tree
