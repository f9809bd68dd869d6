// What nodes say to each other, as bytes: TRANSFER.md tells the whole conversation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base_net/introduction.h"
#include "storage_ephemeral/file_state.h"

namespace storage_ephemeral {

using base_net::first_frame;
using base_net::kFrameHeaderBytes;
using base_net::kNonceBytes;
using base_net::kProofBytes;
using base_net::random_nonce;

inline constexpr std::uint32_t kProtocolMagic = 0x4452414c;  // "LARD"
inline constexpr std::uint16_t kProtocolVersion = 1;
inline constexpr std::size_t kDataBytesMax = 1 << 20;
// A frame is its length in 4 bytes, and so many: a type and a body.
inline constexpr std::size_t kDataHeaderBytes = kFrameHeaderBytes + 1 + 8 + 8;
inline constexpr std::size_t kFrameBytesMax = kDataBytesMax + 64;
inline base_net::Protocol transfer_protocol() {
  return {.magic = kProtocolMagic,
          .version = kProtocolVersion,
          .label = "larder transfer",
          .frame_bytes_max = kFrameBytesMax};
}

using base_net::HelloFrame;
using base_net::ProofFrame;
enum class FetchFor : std::uint8_t { kReaders, kSecondCopy };
struct FetchFrame {
  FileId file;
  std::uint64_t offset = 0;
  FetchFor purpose = FetchFor::kReaders;
};
struct DataFrame {
  std::uint64_t offset = 0;
  std::uint64_t checksum = 0;  // frame_checksum()
  std::string_view bytes;      // of the buffer that was decoded
};
struct HoleFrame {
  std::uint64_t offset = 0, length = 0;
};
struct EndFrame {  // no more bytes come; the checksum will
  std::uint64_t size = 0;
};
struct FinalFrame {
  std::uint64_t size = 0, checksum = 0;
};
struct PoisonedFrame {
  PoisonReason reason = PoisonReason::kNone;
};
struct UnknownFrame {};  // I cannot give you that file
struct AliveFrame {};    // nothing has grown
struct KeepFrame {       // please keep a second copy, from me
  FileId file;
};
struct KeptFrame {
  bool kept = false;
};

using Frame =
    std::variant<HelloFrame, ProofFrame, FetchFrame, DataFrame, HoleFrame, EndFrame, FinalFrame,
                 PoisonedFrame, UnknownFrame, AliveFrame, KeepFrame, KeptFrame>;

// With its length.
std::string encode(const Frame& frame);
// The same but for the bytes, which follow.
std::string encode_data_header(std::uint64_t offset, std::uint64_t checksum, std::size_t length);

// Of what follows the length. Errors: kInvalidArgument.
base::Result<Frame> decode_frame(std::string_view bytes);

}  // namespace storage_ephemeral
