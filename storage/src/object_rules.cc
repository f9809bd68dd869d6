#include "storage/object_rules.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace storage {
namespace {

using base::ErrorCode;

std::string printable(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 0x7f && c != '\\') {
      text += c;
    } else {
      text += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return text;
}

base::Error refused(const ObjectId& object, std::string_view why) {
  return {ErrorCode::kInvalidArgument, "object " + to_string(object) + ": " + std::string(why)};
}

bool key_fits(std::string_view key) { return !key.empty() && key.size() <= kOmapKeyBytesMax; }

base::Status check_keys(const ObjectId& object, const ObjectWrite& change) {
  const bool keys_fit = std::ranges::all_of(change.omap_remove, key_fits) &&
                        std::ranges::all_of(change.omap_set, key_fits,
                                            [](const auto& entry) { return entry.first; }) &&
                        std::ranges::all_of(change.omap_equals, key_fits,
                                            [](const auto& entry) { return entry.first; });
  if (!keys_fit) return refused(object, "a key of the map must have 1 to 2048 bytes");
  for (const auto& [key, value] : change.omap_set) {
    if (value.empty()) return refused(object, "values of the map must not be empty");
  }
  return {};
}

// Guards that no object could satisfy, or that a store would read in its own way.
base::Status check_sense(const ObjectId& object, const ObjectWrite& change) {
  if (change.absent && (change.present || change.version)) {
    return refused(object, "asked to be absent and present at once");
  }
  if (change.version == ObjectVersion{0}) {
    return refused(object,
                   "version 0 is that of no object; `absent` asks for one that is not there");
  }
  if (!change.remove) return {};
  if (change.absent || change.data || change.source || !change.omap_remove.empty() ||
      !change.omap_set.empty()) {
    return refused(object, "`remove` stands alone");
  }
  return {};
}

}  // namespace

std::string to_string(const ObjectId& object) {
  return printable(object.space) + "/" + printable(object.name);
}

base::Status check_object(const ObjectId& object) {
  if (object.name.empty() || object.name.size() > kObjectNameBytesMax) {
    return refused(object, "a name must have 1 to 2048 bytes");
  }
  if (object.space.size() > kObjectSpaceBytesMax) {
    return refused(object, "a space may have up to 256 bytes");
  }
  // RADOS takes the space "\x01" for all spaces.
  if (object.name.find('\0') != std::string::npos ||
      object.space.find_first_of(std::string_view("\0\1", 2)) != std::string::npos) {
    return refused(object, "NUL may not be in a name, nor NUL and 0x01 in a space");
  }
  return {};
}

base::Status check_write(const ObjectId& object, const ObjectWrite& change) {
  TRY_STATUS(check_object(object));
  TRY_STATUS(check_sense(object, change));
  TRY_STATUS(check_keys(object, change));
  const bool uses_omap =
      !change.omap_equals.empty() || !change.omap_remove.empty() || !change.omap_set.empty();
  if (uses_omap && object.pool == Pool::kData) {
    return refused(object, "data objects have no map");
  }
  if (change.source && (change.data || object.pool != Pool::kData)) {
    return refused(object, "bytes that are read on their way are a data object's, and all of it");
  }
  if (bytes_of(change) > kObjectBytesMax) {
    return refused(object, "a change may carry up to 64 MiB");
  }
  return {};
}

base::Status check_omap_keys(const ObjectId& object, const std::vector<std::string>& keys) {
  TRY_STATUS(check_object(object));
  if (object.pool == Pool::kData) return refused(object, "data objects have no map");
  if (!std::ranges::all_of(keys, key_fits)) {
    return refused(object, "a key of the map must have 1 to 2048 bytes");
  }
  return {};
}

base::Status check_omap_list(const ObjectId& object, std::size_t most) {
  TRY_STATUS(check_omap_keys(object, {}));
  if (most == 0) return refused(object, "a page of no entries was asked for");
  return {};
}

bool has_steps(const ObjectWrite& change) {
  return change.remove || change.data || change.source || !change.omap_remove.empty() ||
         !change.omap_set.empty();
}

std::size_t bytes_of(const ObjectWrite& change) {
  std::size_t bytes = change.data ? change.data->size() : 0;
  if (change.source) bytes += change.source->count;
  for (const auto& key : change.omap_remove) bytes += key.size();
  for (const auto& [key, value] : change.omap_set) bytes += key.size() + value.size();
  for (const auto& [key, value] : change.omap_equals) bytes += key.size() + value.size();
  return bytes;
}

base::Error object_missing(const ObjectId& object) {
  return {ErrorCode::kNotFound, "object " + to_string(object) + " does not exist"};
}

base::Error object_exists(const ObjectId& object) {
  return {ErrorCode::kAlreadyExists, "object " + to_string(object) + " exists already"};
}

base::Error object_changed(const ObjectId& object) {
  return {ErrorCode::kConflict, "object " + to_string(object) + " is not as expected"};
}

}  // namespace storage
