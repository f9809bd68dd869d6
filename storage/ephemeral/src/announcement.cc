#include "bytes.h"
#include "publisher.h"

namespace storage_ephemeral {
namespace {

constexpr std::size_t kKeyBytesMax = 512;
constexpr std::size_t kValueBytesMax = 16 << 20;
constexpr std::size_t kNodeBytesMax = 64;

}  // namespace

std::string encode(const Announcement& announcement) {
  ByteWriter out;
  out.text(announcement.node).number(announcement.number).number(announcement.version);
  for (const auto& [key, value] : announcement.values) {
    out.text(key).number(std::uint8_t{value.has_value()}).text(value.value_or(""));
  }
  return out.take();
}

base::Result<Announcement> decode_announcement(std::string_view bytes) {
  ByteReader in(bytes);
  Announcement announcement;
  announcement.node = in.text(kNodeBytesMax);
  announcement.number = in.number<std::uint64_t>();
  announcement.version = in.number<std::uint64_t>();
  while (in.ok() && !in.at_end()) {
    std::string key = in.text(kKeyBytesMax);
    const bool present = in.number<std::uint8_t>() != 0;
    std::string value = in.text(kValueBytesMax);
    announcement.values[std::move(key)] = present ? Value(std::move(value)) : std::nullopt;
  }
  if (in.ok()) return announcement;
  return base::Error{base::ErrorCode::kDataLoss, "an announcement of names is damaged"};
}

}  // namespace storage_ephemeral
