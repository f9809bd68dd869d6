// The life of one version of an ephemeral file: writing, then sealed or poisoned for ever.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/tree.h"

namespace storage_ephemeral {

// A node's name in the cluster: 1 to 64 of [A-Za-z0-9._-].
using NodeName = std::string;

// One try of one activation, as storage::WriteSet::writer names it.
using Attempt = std::string;

// What a file holds from its first byte to its seal. Written anew, a file has a new version.
struct FileId {
  std::string volume;
  storage::InodeNumber inode = 0;
  std::uint32_t version = 1;

  auto operator<=>(const FileId&) const = default;
};

enum class FileState : std::uint8_t { kWriting, kSealed, kPoisoned };

enum class PoisonReason : std::uint8_t {
  kNone,          // not poisoned
  kWriterFailed,  // its activation ended with an error or ran out of time
  kWriterDied,    // the process, or the node's daemon, ended with the file unfinished
  kHolderLost,    // nobody who could be asked for the rest of an unfinished file answers
  kCopyFailed,    // the second copy that was promised could not be made
  kDamaged,       // its bytes are not what was sealed
};

// "the writer's activation failed" and so on.
std::string_view in_words(PoisonReason reason);

// When a written file is final.
enum class SealWhen : std::uint8_t {
  kActivation,  // at its last close, once the writer's activation has succeeded
  kClose,       // at its last close
};

// What decides about one version on the node that writes it. Plain data in, plain data out; by one
// thread at a time.
class FileLife {
 public:
  FileLife(SealWhen when, std::uint32_t copies) : when_(when), copies_(copies) {}
  // As it was recorded: sealed, poisoned, or still written by somebody.
  static FileLife recovered(FileState state, PoisonReason reason, std::uint64_t size);

  void writer_opened();
  void writer_closed();
  void activation_succeeded();
  // Everything that can go wrong before the seal; no effect after it.
  void fail(PoisonReason reason);
  // The bytes will not change any more: asked for by needs_size().
  void sized(std::uint64_t size);
  // One more node has all bytes, this one included.
  void copy_complete();

  // Nobody may write to this version any more.
  bool writer_done() const;
  // The writer is done, and the final size is to be told by sized().
  bool needs_size() const;
  // Where readers meet the end of the file. One that only this node keeps has an end as soon as its
  // size is known; one with a second copy when that is complete.
  std::optional<std::uint64_t> end() const;

  std::uint32_t writers() const { return writers_; }
  FileState state() const { return state_; }
  PoisonReason reason() const { return reason_; }

 private:
  void settle();

  SealWhen when_;
  std::uint32_t copies_;
  std::uint32_t complete_ = 0;
  std::uint32_t writers_ = 0;
  bool was_closed_ = false;
  bool succeeded_ = false;
  std::optional<std::uint64_t> size_;
  FileState state_ = FileState::kWriting;
  PoisonReason reason_ = PoisonReason::kNone;
};

// What a reader gets who asks for `length` bytes at `offset`, where `available` bytes are there
// from the start of the file on, and the file ends at `end` if that is known.
struct ReadAnswer {
  enum class Kind : std::uint8_t { kBytes, kPark, kEnd, kError } kind;
  std::uint64_t length = 0;  // kBytes: so many, at least one

  bool operator==(const ReadAnswer&) const = default;
};
ReadAnswer answer_read(FileState state, std::uint64_t available, std::optional<std::uint64_t> end,
                       std::uint64_t offset, std::uint64_t length);

}  // namespace storage_ephemeral
