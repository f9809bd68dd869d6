// How fields become bytes and back: little-endian, without gaps. The generated messages are made of
// these.
//
// A Reader never reads past its end, and never allocates more than the bytes that are there can
// fill: what it gives out are views into them, valid as long as they are.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace gpu_wire {

static_assert(std::endian::native == std::endian::little, "frames are little-endian");

inline std::byte* put_raw(std::byte* to, std::span<const std::byte> bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

template <typename T>
  requires std::is_arithmetic_v<T>
std::byte* put(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
  return to + sizeof value;
}

template <typename T, std::size_t kCount>
std::byte* put(std::byte* to, const std::array<T, kCount>& values) {
  std::memcpy(to, values.data(), sizeof values);
  return to + sizeof values;
}

inline std::byte* put(std::byte* to, std::span<const std::byte> bytes) {
  return put_raw(put(to, static_cast<std::uint32_t>(bytes.size())), bytes);
}

inline std::byte* put(std::byte* to, std::string_view text) {
  return put(to, std::as_bytes(std::span(text)));
}

template <typename T>
std::byte* put(std::byte* to, const std::vector<T>& list) {
  to = put(to, static_cast<std::uint32_t>(list.size()));
  for (const T& each : list) to = each.encode(to);
  return to;
}

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }

  template <typename T>
    requires std::is_arithmetic_v<T>
  bool take(T& value) {
    if (rest_.size() < sizeof value) return false;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_ = rest_.subspan(sizeof value);
    return true;
  }

  template <typename T, std::size_t kCount>
  bool take(std::array<T, kCount>& values) {
    if (rest_.size() < sizeof values) return false;
    std::memcpy(values.data(), rest_.data(), sizeof values);
    rest_ = rest_.subspan(sizeof values);
    return true;
  }

  bool take(std::span<const std::byte>& bytes) {
    std::uint32_t count = 0;
    if (!take(count) || count > rest_.size()) return false;
    bytes = rest_.first(count);
    rest_ = rest_.subspan(count);
    return true;
  }

  bool take(std::string_view& text) {
    std::span<const std::byte> bytes;
    if (!take(bytes)) return false;
    text = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    return true;
  }

  template <typename T>
  bool take(std::vector<T>& list) {
    static_assert(T::kBytesLeast > 0);
    std::uint32_t count = 0;
    if (!take(count) || count > rest_.size() / T::kBytesLeast) return false;
    list.resize(count);
    for (T& each : list) {
      if (!each.decode(*this)) return false;
    }
    return true;
  }

  bool take_rest(std::span<const std::byte>& bytes) {
    bytes = rest_;
    rest_ = {};
    return true;
  }

 private:
  std::span<const std::byte> rest_;
};

}  // namespace gpu_wire
