#include "object_header.h"

#include "storage/object_rules.h"

namespace storage_embedded {
namespace {

// magic, version, bytes, length of the space, length of the name, space, name, zeros.
constexpr std::string_view kMagic = "LARDOBJ1";
constexpr std::size_t kFixedBytes = 8 + 8 + 8 + 2 + 2;
static_assert(kFixedBytes + storage::kObjectSpaceBytesMax + storage::kObjectNameBytesMax <=
              kHeaderBytes);

void append_number(std::string& out, std::uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>((number >> (8 * i)) & 0xff);
}

std::uint64_t take_number(std::string_view& in, std::size_t bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    number |= std::uint64_t{static_cast<unsigned char>(in[i])} << (8 * i);
  }
  in.remove_prefix(bytes);
  return number;
}

base::Error damaged() { return {base::ErrorCode::kDataLoss, "no header of an object"}; }

}  // namespace

std::string encode(const ObjectHeader& header) {
  std::string out(kMagic);
  append_number(out, header.version, 8);
  append_number(out, header.bytes, 8);
  append_number(out, header.space.size(), 2);
  append_number(out, header.name.size(), 2);
  out += header.space;
  out += header.name;
  CHECK(out.size() <= kHeaderBytes);
  out.resize(kHeaderBytes, '\0');
  return out;
}

base::Result<ObjectHeader> decode(std::string_view bytes) {
  if (bytes.size() != kHeaderBytes || !bytes.starts_with(kMagic)) return damaged();
  bytes.remove_prefix(kMagic.size());
  ObjectHeader header;
  header.version = take_number(bytes, 8);
  header.bytes = take_number(bytes, 8);
  const std::size_t space = take_number(bytes, 2);
  const std::size_t name = take_number(bytes, 2);
  if (space > storage::kObjectSpaceBytesMax || name > storage::kObjectNameBytesMax ||
      header.bytes > storage::kObjectBytesMax || header.version == 0) {
    return damaged();
  }
  header.space = bytes.substr(0, space);
  header.name = bytes.substr(space, name);
  return header;
}

}  // namespace storage_embedded
