// How values are written: numbers and texts one after the other, a mark of the format before them
// and a checksum behind, so that damage is met here and not taken for a file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace storage_tree {

class Encoder {
 public:
  Encoder& number(std::uint64_t value);
  Encoder& signed_number(std::int64_t value);
  Encoder& text(std::string_view value);
  void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
  std::string finish() &&;

 private:
  std::string bytes_ = std::string(1, kMark);

 public:
  static constexpr char kMark = '1';
};

// After anything that is not there, everything is 0 or "", and done() says so.
class Decoder {
 public:
  explicit Decoder(std::string_view value);
  std::uint64_t number();
  std::int64_t signed_number();
  std::string text();
  // Of things that follow, each of `least` bytes or more: 0 where so many cannot follow.
  std::uint64_t count(std::size_t least = 1);
  void fail() { good_ = false; }
  bool good() const { return good_; }
  bool done() const { return good_ && rest_.empty(); }  // all of it was understood

 private:
  std::string_view rest_;
  bool good_ = true;
};

// `body`, mark and all, and its checksum.
std::string with_checksum(std::string body);

// Any change of eight bytes that follow one another changes it.
std::uint64_t checksum(std::string_view bytes);

// Big-endian: sorts as the number does.
std::string sortable(std::uint64_t value);
std::optional<std::uint64_t> unsortable(std::string_view bytes);

}  // namespace storage_tree
