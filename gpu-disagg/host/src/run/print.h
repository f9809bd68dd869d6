// printf of kernels: a format and packed arguments, as vprintf gets them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace gpu_host {

// Reads 4 or 8 bytes of the packed arguments at an offset; nothing when they lie nowhere.
using ReadArgument =
    std::function<std::optional<std::uint64_t>(std::uint64_t offset, unsigned bytes)>;
// A string of the device, cut off where it grows too long; nothing when it lies nowhere.
using ReadString = std::function<std::optional<std::string>(std::uint64_t address)>;

// The text; nothing when an argument could not be read. Conversions that are not known stay as they
// are, and %n writes nothing.
std::optional<std::string> format_text(std::string_view format, const ReadArgument& argument,
                                       const ReadString& string);

}  // namespace gpu_host
