#include "frame.h"

#include <utility>

#include "bytes.h"

namespace storage_ephemeral {
namespace {

constexpr std::size_t kVolumeBytesMax = 1024;
constexpr std::uint64_t kOffsetMax = std::uint64_t{1} << 62;

// The type's number is its place in `Frame`.
std::uint8_t type_of(const Frame& frame) { return static_cast<std::uint8_t>(frame.index()); }

void write(ByteWriter& out, const FileId& file) {
  out.text(file.volume).number(file.inode).number(file.version);
}
FileId read_file(ByteReader& in) {
  FileId file;
  file.volume = in.text(kVolumeBytesMax);
  file.inode = in.number<std::uint64_t>();
  file.version = in.number<std::uint32_t>();
  if (file.inode > storage::kInodeMax) in.refuse();
  return file;
}
std::uint64_t read_offset(ByteReader& in) {
  const auto offset = in.number<std::uint64_t>();
  if (offset > kOffsetMax) in.refuse();
  return offset;
}

struct Encoder {
  ByteWriter& out;
  void operator()(const HelloFrame& f) const { base_net::encode_into(out, f, kProtocolMagic); }
  void operator()(const ProofFrame& f) const { base_net::encode_into(out, f); }
  void operator()(const FetchFrame& f) const {
    write(out, f.file);
    out.number(f.offset).number(static_cast<std::uint8_t>(f.purpose));
  }
  void operator()(const DataFrame& f) const {
    out.number(f.offset).number(f.checksum).raw(f.bytes);
  }
  void operator()(const HoleFrame& f) const { out.number(f.offset).number(f.length); }
  void operator()(const EndFrame& f) const { out.number(f.size); }
  void operator()(const FinalFrame& f) const { out.number(f.size).number(f.checksum); }
  void operator()(const PoisonedFrame& f) const { out.number(static_cast<std::uint8_t>(f.reason)); }
  void operator()(const UnknownFrame&) const {}
  void operator()(const AliveFrame&) const {}
  void operator()(const KeepFrame& f) const { write(out, f.file); }
  void operator()(const KeptFrame& f) const { out.number(std::uint8_t{f.kept}); }
};

void read(ByteReader& in, HelloFrame& f) { base_net::decode_from(in, f, kProtocolMagic); }
void read(ByteReader& in, ProofFrame& f) { base_net::decode_from(in, f); }
void read(ByteReader& in, FetchFrame& f) {
  f.file = read_file(in);
  f.offset = read_offset(in);
  f.purpose = in.one_of(FetchFor::kSecondCopy);
}
void read(ByteReader& in, DataFrame& f) {
  f.offset = read_offset(in);
  f.checksum = in.number<std::uint64_t>();
  f.bytes = in.raw(in.rest().size());
  if (f.bytes.empty() || f.bytes.size() > kDataBytesMax) in.refuse();
}
void read(ByteReader& in, HoleFrame& f) {
  f.offset = read_offset(in);
  f.length = read_offset(in);
  if (f.length == 0) in.refuse();
}
void read(ByteReader& in, EndFrame& f) { f.size = read_offset(in); }
void read(ByteReader& in, FinalFrame& f) {
  f.size = read_offset(in);
  f.checksum = in.number<std::uint64_t>();
}
void read(ByteReader& in, PoisonedFrame& f) { f.reason = in.one_of(PoisonReason::kDamaged); }
void read(ByteReader&, UnknownFrame&) {}
void read(ByteReader&, AliveFrame&) {}
void read(ByteReader& in, KeepFrame& f) { f.file = read_file(in); }
void read(ByteReader& in, KeptFrame& f) { f.kept = in.number<std::uint8_t>() != 0; }

// Reads the alternative of this number.
template <std::size_t... I>
bool read_type(ByteReader& in, Frame& frame, std::size_t type, std::index_sequence<I...>) {
  return ((type == I && (read(in, frame.emplace<I>()), true)) || ...);
}

}  // namespace

std::string encode(const Frame& frame) {
  ByteWriter body;
  body.number(type_of(frame));
  std::visit(Encoder{body}, frame);
  return ByteWriter().text(body.take()).take();
}

std::string encode_data_header(std::uint64_t offset, std::uint64_t checksum, std::size_t length) {
  ByteWriter out;
  out.number(static_cast<std::uint32_t>(kDataHeaderBytes - kFrameHeaderBytes + length));
  out.number(type_of(DataFrame{})).number(offset).number(checksum);
  return out.take();
}

base::Result<Frame> decode_frame(std::string_view bytes) {
  ByteReader in(bytes);
  const auto type = in.number<std::uint8_t>();
  Frame frame;
  const bool known =
      read_type(in, frame, type, std::make_index_sequence<std::variant_size_v<Frame>>());
  if (known && in.at_end()) return frame;
  return base::Error{base::ErrorCode::kInvalidArgument, "a frame that nobody can read"};
}

}  // namespace storage_ephemeral
