// An overlay's journal: any bytes. What is taken must be the same when it is written anew.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "journal.h"
#include "storage_overlay/overlay.h"

namespace {

using namespace storage_overlay;  // NOLINT(google-build-using-namespace): a test of it

// The fuzzer cannot guess checksums: its bytes are a payload, in a frame of ours.
std::string framed(std::string_view payload) {
  JournalWriter writer;
  writer.add_raw(payload);
  return writer.take();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_journal(bytes, [](const JournalRecord&) {});
  const std::string journal = framed(bytes);
  Overlay overlay{OverlayOptions{}};
  if (overlay.replay(journal) != journal.size()) return 0;
  static_cast<void>(overlay.changes());
  const std::string whole = overlay.whole_journal();
  Overlay again{OverlayOptions{}};
  CHECK(again.replay(whole) == whole.size());
  static_cast<void>(again.changes());
  static_cast<void>(overlay.list(storage::kRootInode, 0, 100).ok());
  return 0;
}
