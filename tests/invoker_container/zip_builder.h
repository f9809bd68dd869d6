// Zip archives, also such as no honest tool would write.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace invoker_container {

// Entries are stored, not deflated. The mode is that of Unix, type included; 0 leaves it out.
class ZipBuilder {
 public:
  ZipBuilder& add(std::string_view name, std::string_view content, unsigned mode = 0100644) {
    const std::string common = u16(20) + u16(0) + u16(0) + u32(0) + u32(crc(content)) +
                               u32(content.size()) + u32(content.size()) + u16(name.size()) +
                               u16(0);
    directory_ += "PK\x01\x02" + u16(mode == 0 ? 20 : 3 << 8 | 20) + common + u16(0) + u16(0) +
                  u16(0) + u32(std::uint64_t{mode} << 16) + u32(files_.size()) + std::string(name);
    files_ += "PK\x03\x04" + common + std::string(name) + std::string(content);
    ++count_;
    return *this;
  }
  std::string build() const {
    return files_ + directory_ + "PK\x05\x06" + u16(0) + u16(0) + u16(count_) + u16(count_) +
           u32(directory_.size()) + u32(files_.size()) + u16(0);
  }

 private:
  static std::string u16(std::uint64_t value) {
    return {static_cast<char>(value & 255), static_cast<char>(value >> 8 & 255)};
  }
  static std::string u32(std::uint64_t value) { return u16(value & 65535) + u16(value >> 16); }
  static std::uint32_t crc(std::string_view text) {
    std::uint32_t value = ~0U;
    for (const char letter : text) {
      value ^= static_cast<unsigned char>(letter);
      for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0xedb88320U : 0);
    }
    return ~value;
  }

  std::string files_;
  std::string directory_;
  std::uint64_t count_ = 0;
};

inline std::string base64(std::string_view bytes) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = i; j < i + 3; ++j) {
      group = group << 8 | (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += i + j <= bytes.size() ? kLetters[group >> (18 - 6 * j) & 63] : '=';
    }
  }
  return text;
}

}  // namespace invoker_container
