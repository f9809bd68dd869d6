#include "storage_ephemeral/record.h"

#include <charconv>
#include <chrono>

#include "bytes.h"

namespace storage_ephemeral {
namespace {

constexpr std::uint8_t kRecordFormat = 1;
constexpr std::size_t kXattrsMax = 1024;
constexpr std::size_t kXattrBytesMax = 64 << 10;
constexpr std::size_t kTargetBytesMax = 4096;
constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kOwnerBytesMax = 256;

base::Error damaged(std::string_view what) {
  return {base::ErrorCode::kDataLoss, "ephemeral names: " + std::string(what) + " is damaged"};
}

std::uint64_t nanoseconds(storage::FileTime time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}
storage::FileTime file_time(std::uint64_t nanoseconds) {
  return storage::FileTime(std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds)));
}

void write_attributes(ByteWriter& out, const storage::Attributes& from) {
  out.number(static_cast<std::uint8_t>(from.type)).number(std::uint32_t{from.permissions});
  out.number(std::uint32_t{from.uid}).number(std::uint32_t{from.gid});
  out.number(nanoseconds(from.accessed)).number(nanoseconds(from.modified));
  out.number(nanoseconds(from.changed)).number(static_cast<std::uint32_t>(from.xattrs.size()));
  for (const auto& [name, value] : from.xattrs) out.text(name).text(value);
}

storage::Attributes read_attributes(ByteReader& in) {
  storage::Attributes to;
  to.type = in.one_of(storage::FileType::kSocket);
  to.permissions = in.number<std::uint32_t>();
  to.uid = in.number<std::uint32_t>();
  to.gid = in.number<std::uint32_t>();
  to.accessed = file_time(in.number<std::uint64_t>());
  to.modified = file_time(in.number<std::uint64_t>());
  to.changed = file_time(in.number<std::uint64_t>());
  const auto xattrs = in.number<std::uint32_t>();
  if (xattrs > kXattrsMax) in.refuse();
  for (std::uint32_t i = 0; i < xattrs && in.ok(); ++i) {
    std::string name = in.text(kNameBytesMax);
    to.xattrs[std::move(name)] = in.text(kXattrBytesMax);
  }
  return to;
}

constexpr std::size_t kInodeDigits = 10;
constexpr std::size_t kVersionDigits = 8;

std::string hex(std::uint64_t number, std::size_t digits) {
  std::string text(digits, '0');
  for (std::size_t i = digits; i > 0; --i, number >>= 4)
    text[i - 1] = "0123456789abcdef"[number & 15];
  return text;
}

std::uint64_t read_hex(ByteReader& in, std::size_t digits) {
  const std::string_view text = in.raw(digits);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error != std::errc() || end != text.data() + text.size()) in.refuse();
  for (const char c : text) {
    if (c >= 'A' && c <= 'F') in.refuse();  // one spelling for each key
  }
  return number;
}

void read_slash(ByteReader& in) {
  if (in.raw(1) != "/") in.refuse();
}

}  // namespace

std::string encode(const InodeRecord& record) {
  ByteWriter out;
  out.number(kRecordFormat);
  write_attributes(out, record.attributes);
  out.text(record.target).number(static_cast<std::uint8_t>(record.lifetime.kind));
  out.text(record.lifetime.owner).number(nanoseconds(record.lifetime.expires));
  out.number(static_cast<std::uint8_t>(record.seal)).number(record.copies).number(record.version);
  out.number(static_cast<std::uint8_t>(record.state));
  out.number(static_cast<std::uint8_t>(record.reason));
  out.number(record.size).number(record.checksum).text(record.writer).text(record.attempt);
  return out.take();
}

base::Result<InodeRecord> decode_inode_record(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.number<std::uint8_t>() != kRecordFormat) return damaged("the record of an inode");
  InodeRecord record;
  record.attributes = read_attributes(in);
  record.target = in.text(kTargetBytesMax);
  record.lifetime.kind = in.one_of(Lifetime::Kind::kVolume);
  record.lifetime.owner = in.text(kOwnerBytesMax);
  record.lifetime.expires = file_time(in.number<std::uint64_t>());
  record.seal = in.one_of(SealWhen::kClose);
  record.copies = in.number<std::uint32_t>();
  record.version = in.number<std::uint32_t>();
  record.state = in.one_of(FileState::kPoisoned);
  record.reason = in.one_of(PoisonReason::kDamaged);
  record.size = in.number<std::uint64_t>();
  record.checksum = in.number<std::uint64_t>();
  record.writer = in.text(kOwnerBytesMax);
  record.attempt = in.text(kOwnerBytesMax);
  if (!in.at_end()) return damaged("the record of an inode");
  return record;
}

std::string encode(const RecordKey& key) {
  const std::string inode = hex(key.inode, kInodeDigits);
  switch (key.kind) {
    case RecordKey::Kind::kName:
      return "n/" + inode + "/" + key.name;
    case RecordKey::Kind::kInode:
      return "i/" + inode;
    case RecordKey::Kind::kSequence:
      return "s/" + key.name;
    case RecordKey::Kind::kHolder:
      break;
  }
  return "h/" + inode + "/" + hex(key.version, kVersionDigits) + "/" + key.name;
}

base::Result<RecordKey> decode_record_key(std::string_view bytes) {
  using Kind = RecordKey::Kind;
  ByteReader in(bytes);
  RecordKey key;
  const std::string_view kind = in.raw(2);
  if (kind == "n/")
    key.kind = Kind::kName;
  else if (kind == "i/")
    key.kind = Kind::kInode;
  else if (kind == "h/")
    key.kind = Kind::kHolder;
  else if (kind == "s/")
    key.kind = Kind::kSequence;
  else
    in.refuse();
  if (key.kind != Kind::kSequence) key.inode = read_hex(in, kInodeDigits);
  if (key.kind == Kind::kHolder) {
    read_slash(in);
    key.version = static_cast<std::uint32_t>(read_hex(in, kVersionDigits));
  }
  if (key.kind == Kind::kName || key.kind == Kind::kHolder) read_slash(in);
  key.name = in.rest();
  if (!in.ok() || key.name.size() > kNameBytesMax) return damaged("a key");
  if (key.name.empty() != (key.kind == Kind::kInode)) return damaged("a key");
  return key;
}

}  // namespace storage_ephemeral
