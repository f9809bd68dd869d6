// The journal of an overlay: what it changed and learnt, as values, in frames with a checksum.
//
// Frame: length (4 bytes), CRC-32C of what follows (4), payload: records. Numbers are
// little-endian. Read back, it gives the same state: it holds results, not operations, so that
// nothing has to be known of the snapshot to apply it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "storage/tree.h"

namespace storage_overlay {

using storage::Attributes;
using storage::CommitNumber;
using storage::Content;
using storage::InodeNumber;
using storage::NameKey;

// The snapshot's word on a name.
struct SawName {
  NameKey key;
  InodeNumber inode = 0;  // 0: not there
  CommitNumber committed = 0;
};
struct SawListing {
  InodeNumber directory = 0;
};
struct SetName {
  NameKey key;
  InodeNumber inode = 0;
  std::uint64_t cookie = 0;
};
// All that a node is, but its content and its names.
struct SetNode {
  InodeNumber inode = 0;
  Attributes attributes;
  std::uint32_t links = 0, base_links = 0;
  CommitNumber committed = 0;
  NameKey base_key;
  bool has_touched = false;
  storage::FileTime touched{};
  std::int32_t subdirectories = 0;
  bool is_new = false, changed = false, staged = false, unnamed = false, gone = false;
};
struct SetContent {
  InodeNumber inode = 0;
  Content content;
};
struct DropNode {
  InodeNumber inode = 0;
};
struct RemovedDirectory {
  InodeNumber inode = 0;
};
struct GaveInodes {
  InodeNumber next = 0, end = 0;
};
struct LiveDirectory {
  InodeNumber inode = 0;
  NameKey key;
};
struct NextCookie {
  InodeNumber directory = 0;
  std::uint64_t next = 0;
};
// The snapshot is another one: Overlay's methods of these names.
struct Moved {
  enum class Kind : std::uint8_t { kPublished, kUndone, kOn, kBegin };
  CommitNumber number = 0;
  Kind kind = Kind::kOn;
  bool alone = false;
};
// A node that is known by nothing but a name in an older snapshot.
struct OldNode {
  InodeNumber inode = 0;
  NameKey base_key;
  bool staged = false;
};
struct Answered {
  std::uint64_t request = 0;
  std::int32_t error = 0;
  InodeNumber inode = 0;
};

using JournalRecord =
    std::variant<SawName, SawListing, SetName, SetNode, SetContent, DropNode, RemovedDirectory,
                 GaveInodes, LiveDirectory, NextCookie, Answered, Moved, OldNode>;

// Collects records; take() gives them as one frame.
class JournalWriter {
 public:
  void add(const JournalRecord& record);
  void add_raw(std::string_view records) { payload_ += records; }  // for who tests the reader
  bool empty() const { return payload_.empty(); }
  std::string take();

 private:
  std::string payload_;
};

// Calls `apply` with each record of each whole frame; a frame is taken whole or not at all. Gives
// how many bytes were good.
std::size_t read_journal(std::string_view bytes,
                         const std::function<void(const JournalRecord&)>& apply);

}  // namespace storage_overlay
