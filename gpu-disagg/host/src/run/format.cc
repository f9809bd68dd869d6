#include <array>
#include <bit>
#include <cstdio>

#include "run/print.h"

namespace gpu_host {
namespace {

constexpr std::size_t kSpecBytesMost = 24;
constexpr std::size_t kTextBytesMost = 64 << 10;

// "%-8.3lld" in its parts; `spec` is without the length.
struct Conversion {
  std::string spec;
  bool is_long = false;
  char kind = '\0';
};

class Formatter {
 public:
  Formatter(std::string_view format, const ReadArgument& argument, const ReadString& string)
      : format_(format), argument_(argument), string_(string) {}

  std::optional<std::string> run() {
    while (at_ < format_.size() && out_.size() < kTextBytesMost) {
      if (format_[at_] != '%') {
        out_ += format_[at_++];
      } else if (!convert()) {
        return std::nullopt;
      }
    }
    return std::move(out_);
  }

 private:
  std::optional<std::uint64_t> next(unsigned bytes) {
    offset_ = (offset_ + bytes - 1) & ~std::uint64_t{bytes - 1};
    const auto value = argument_(offset_, bytes);
    offset_ += bytes;
    return value;
  }

  bool convert() {
    const std::size_t start = at_++;
    Conversion found;
    found.spec = "%";
    if (!read_spec(found)) return false;
    if (at_ == format_.size() || found.spec.size() > kSpecBytesMost) {
      out_ += format_.substr(start, at_ - start);
      return true;
    }
    found.kind = format_[at_++];
    return write(found, format_.substr(start, at_ - start));
  }

  bool read_spec(Conversion& found) {
    constexpr std::string_view kFlags = "-+ #0123456789.";
    for (; at_ < format_.size(); ++at_) {
      const char c = format_[at_];
      if (kFlags.find(c) != std::string_view::npos) {
        found.spec += c;
      } else if (c == '*') {
        const auto width = next(4);
        if (!width) return false;
        const auto value = static_cast<std::int32_t>(static_cast<std::uint32_t>(*width));
        found.spec += std::to_string(value % 1000);
      } else if (c == 'l' || c == 'z' || c == 'j' || c == 't') {
        found.is_long = true;
      } else if (c != 'h') {
        break;
      }
    }
    return true;
  }

  template <typename T>
  void print(const std::string& spec, T value) {
    std::array<char, 1200> text{};
    // The widths above are below 1000 or have few digits: longer ones are cut off, not read beyond.
    // NOLINTNEXTLINE(clang-diagnostic-format-nonliteral)
    const int length = std::snprintf(text.data(), text.size(), spec.c_str(), value);
    if (length > 0)
      out_.append(text.data(),
                  std::min<std::size_t>(static_cast<std::size_t>(length), text.size() - 1));
  }

  bool write(const Conversion& found, std::string_view as_written) {
    switch (found.kind) {
      case '%':
        out_ += '%';
        return true;
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o':
        return write_integer(found);
      case 'c':
        return write_character(found);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
      case 'a':
      case 'A':
        return write_float(found);
      case 's':
        return write_string(found);
      case 'p':
        return write_pointer();
      case 'n':
        return next(8).has_value();
      default:
        out_ += as_written;
        return true;
    }
  }

  bool write_integer(const Conversion& found) {
    const auto bits = next(found.is_long ? 8 : 4);
    if (!bits) return false;
    const bool is_signed = found.kind == 'd' || found.kind == 'i';
    const std::string spec = found.spec + "ll" + found.kind;
    if (is_signed) {
      const auto narrow = static_cast<std::int32_t>(static_cast<std::uint32_t>(*bits));
      print(spec, found.is_long ? static_cast<long long>(*bits) : static_cast<long long>(narrow));
    } else {
      print(spec, static_cast<unsigned long long>(*bits));
    }
    return true;
  }

  bool write_character(const Conversion& found) {
    const auto bits = next(4);
    if (!bits) return false;
    print(found.spec + "c", static_cast<int>(*bits & 0xFF));
    return true;
  }

  bool write_float(const Conversion& found) {
    const auto bits = next(8);
    if (!bits) return false;
    print(found.spec + found.kind, std::bit_cast<double>(*bits));
    return true;
  }

  bool write_string(const Conversion& found) {
    const auto address = next(8);
    if (!address) return false;
    const auto text = *address == 0 ? std::optional<std::string>("(null)") : string_(*address);
    if (!text) return false;
    print(found.spec + "s", text->c_str());
    return true;
  }

  bool write_pointer() {
    const auto bits = next(8);
    if (!bits) return false;
    print("0x%llx", static_cast<unsigned long long>(*bits));
    return true;
  }

  std::string_view format_;
  const ReadArgument& argument_;
  const ReadString& string_;
  std::size_t at_ = 0;
  std::uint64_t offset_ = 0;
  std::string out_;
};

}  // namespace

std::optional<std::string> format_text(std::string_view format, const ReadArgument& argument,
                                       const ReadString& string) {
  return Formatter(format, argument, string).run();
}

}  // namespace gpu_host
