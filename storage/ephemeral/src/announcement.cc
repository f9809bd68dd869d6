#include "bytes.h"
#include "publisher.h"

namespace storage_ephemeral {
namespace {

constexpr std::size_t kKeyBytesMax = 512;
constexpr std::size_t kValueBytesMax = 16 << 20;
constexpr std::size_t kNodeBytesMax = 64;

}  // namespace

std::string encode_announcement(const NodeName& node, std::uint64_t number,
                                storage::ObjectVersion version, const Values& values) {
  ByteWriter out;
  out.text(node).number(number).number(version);
  for (const auto& [key, value] : values) {
    out.text(key).number(std::uint8_t{value.has_value()});
    out.text(value ? std::string_view(*value) : std::string_view());
  }
  return out.take();
}

std::string encode(const Announcement& announcement) {
  return encode_announcement(announcement.node, announcement.number, announcement.version,
                             announcement.values);
}

bool is_from(std::string_view announcement, std::string_view node) {
  return ByteReader(announcement).text_view(kNodeBytesMax) == node;
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
