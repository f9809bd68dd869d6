#include "base_net/introduction.h"

#include <openssl/rand.h>

#include "base/check.h"

namespace base_net {

void encode_into(ByteWriter& out, const HelloFrame& frame, std::uint32_t magic) {
  out.number(magic).number(frame.version).raw(frame.nonce).text(frame.name);
}

void encode_into(ByteWriter& out, const ProofFrame& frame) { out.raw(frame.proof); }

void decode_from(ByteReader& in, HelloFrame& frame, std::uint32_t magic) {
  if (in.number<std::uint32_t>() != magic) in.refuse();
  frame.version = in.number<std::uint16_t>();
  frame.nonce = in.raw(kNonceBytes);
  frame.name = in.text(kNameBytesMax);
}

void decode_from(ByteReader& in, ProofFrame& frame) { frame.proof = in.raw(kProofBytes); }

std::string random_nonce() {
  std::string nonce(kNonceBytes, '\0');
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()),
                   static_cast<int>(nonce.size())) == 1);
  return nonce;
}

std::string framed(std::string_view frame) { return ByteWriter().text(frame).take(); }

base::Result<std::string_view> first_frame(std::string_view buffer, std::size_t bytes_max) {
  if (buffer.size() < kFrameHeaderBytes) return std::string_view();
  const auto length = ByteReader(buffer).number<std::uint32_t>();
  if (length == 0 || length > bytes_max) {
    return base::Error{base::ErrorCode::kInvalidArgument, "a frame of an impossible length"};
  }
  if (buffer.size() - kFrameHeaderBytes < length) return std::string_view();
  return buffer.substr(kFrameHeaderBytes, length);
}

}  // namespace base_net
