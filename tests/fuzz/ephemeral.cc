// Whatever another node, the store or a journal may hold: it is read or refused.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "frame.h"
#include "publisher.h"
#include "storage_ephemeral/record.h"

namespace {

using namespace storage_ephemeral;  // NOLINT(google-build-using-namespace): this file is about it

// What was read is written the same way.
void frames(std::string_view bytes) {
  while (true) {
    const auto first = first_frame(bytes, kFrameBytesMax);
    if (!first.ok() || first->empty()) return;
    const auto frame = decode_frame(*first);
    if (frame.ok() &&
        !decode_frame(std::string_view(encode(*frame)).substr(kFrameHeaderBytes)).ok()) {
      std::abort();
    }
    bytes.remove_prefix(kFrameHeaderBytes + first->size());
  }
}

void records(std::string_view bytes) {
  if (const auto record = decode_inode_record(bytes); record.ok()) {
    const auto again = decode_inode_record(encode(*record));
    if (!again.ok() || !(*again == *record)) std::abort();
  }
  if (const auto key = decode_record_key(bytes); key.ok() && encode(*key) != bytes) std::abort();
  if (const auto news = decode_announcement(bytes); news.ok()) {
    Ledger ledger("a");
    ledger.hear(news->values, news->version);
    if (!decode_announcement(encode(*news)).ok()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  frames(bytes);
  records(bytes);
  return 0;
}
