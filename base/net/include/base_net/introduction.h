// How two programs of ours begin a conversation: each says who it is, and proves it.
//
//   caller    Hello  version, nonce C, its name
//   answerer  Hello  version, nonce A, no name
//   caller    Proof  HMAC-SHA256(key, "LABEL caller",   C, A, caller's name, answerer's name)
//   answerer  Proof  HMAC-SHA256(key, "LABEL answerer", C, A, caller's name, answerer's name)
//
// With TLS there are no proofs: the names are compared with the certificates. The caller goes
// first, so a stranger learns nothing. Each frame is its length in 4 bytes, its type in one, and a
// body; the types of these two are 0 and 1 in every protocol.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base_net/bytes.h"

namespace base_net {

inline constexpr std::size_t kNonceBytes = 32;
inline constexpr std::size_t kProofBytes = 32;
inline constexpr std::size_t kNameBytesMax = 64;
inline constexpr std::size_t kFrameHeaderBytes = 4;
inline constexpr std::size_t kFirstFramesBytesMax = 256;  // until the peer is known
inline constexpr std::uint8_t kHelloType = 0, kProofType = 1;

// What is spoken after it.
struct Protocol {
  std::uint32_t magic = 0;
  std::uint16_t version = 1;
  std::string label;  // of proofs: one for another protocol is none for this
  std::size_t frame_bytes_max = 1 << 20;
};

enum class Side : std::uint8_t { kCaller, kAnswerer };

// What both sides of one conversation have said.
struct Greeting {
  std::string label;
  std::string caller_nonce, answerer_nonce;
  std::string caller, answerer;  // their names
};

struct HelloFrame {
  std::uint16_t version = 1;
  std::string nonce;   // kNonceBytes
  std::string name{};  // of who calls; "" from who answers
};
struct ProofFrame {
  std::string proof;  // kProofBytes
};

// Their bodies.
void encode_into(ByteWriter& out, const HelloFrame& frame, std::uint32_t magic);
void encode_into(ByteWriter& out, const ProofFrame& frame);
void decode_from(ByteReader& in, HelloFrame& frame, std::uint32_t magic);
void decode_from(ByteReader& in, ProofFrame& frame);

std::string random_nonce();

// With its length before it; `frame` begins with its type.
std::string framed(std::string_view frame);

// The first frame of `buffer` without its length; empty when it is not all there yet. Errors:
// kInvalidArgument when it is longer than `bytes_max` or has no byte.
base::Result<std::string_view> first_frame(std::string_view buffer, std::size_t bytes_max);

}  // namespace base_net
