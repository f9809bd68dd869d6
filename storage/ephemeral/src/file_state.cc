#include "storage_ephemeral/file_state.h"

#include <algorithm>

namespace storage_ephemeral {

std::string_view in_words(PoisonReason reason) {
  switch (reason) {
    case PoisonReason::kNone:
      return "nothing is wrong with it";
    case PoisonReason::kWriterFailed:
      return "the activation that wrote it failed";
    case PoisonReason::kWriterDied:
      return "its writer died before it was finished";
    case PoisonReason::kHolderLost:
      return "the node that was writing it is lost";
    case PoisonReason::kCopyFailed:
      return "the second copy that was promised could not be made";
    case PoisonReason::kDamaged:
      return "its bytes are not those that were written";
  }
  return "unknown";
}

FileLife FileLife::recovered(FileState state, PoisonReason reason, std::uint64_t size) {
  FileLife life(SealWhen::kActivation, 1);
  life.state_ = state;
  life.reason_ = reason;
  if (state == FileState::kSealed) {
    life.succeeded_ = true;
    life.size_ = size;
  }
  return life;
}

void FileLife::writer_opened() { ++writers_; }

void FileLife::writer_closed() {
  if (writers_ > 0) --writers_;
  was_closed_ = true;
  settle();
}

void FileLife::activation_succeeded() {
  succeeded_ = true;
  settle();
}

void FileLife::fail(PoisonReason reason) {
  if (state_ != FileState::kWriting) return;
  state_ = FileState::kPoisoned;
  reason_ = reason;
}

void FileLife::sized(std::uint64_t size) {
  if (writer_done() && !size_) size_ = size;
  settle();
}

void FileLife::copy_complete() {
  ++complete_;
  settle();
}

bool FileLife::writer_done() const {
  return succeeded_ || (when_ == SealWhen::kClose && was_closed_ && writers_ == 0);
}

bool FileLife::needs_size() const {
  return state_ == FileState::kWriting && writer_done() && !size_;
}

std::optional<std::uint64_t> FileLife::end() const {
  if (state_ == FileState::kSealed) return size_;
  if (state_ == FileState::kWriting && copies_ <= 1) return size_;
  return std::nullopt;
}

void FileLife::settle() {
  if (state_ != FileState::kWriting || !size_ || complete_ < copies_) return;
  state_ = FileState::kSealed;
}

ReadAnswer answer_read(FileState state, std::uint64_t available, std::optional<std::uint64_t> end,
                       std::uint64_t offset, std::uint64_t length) {
  using Kind = ReadAnswer::Kind;
  if (state == FileState::kPoisoned) return {.kind = Kind::kError};
  if (end && offset >= *end) return {.kind = Kind::kEnd};
  if (length == 0) return {.kind = Kind::kEnd};
  const std::uint64_t there = end ? std::min(available, *end) : available;
  if (offset >= there) return {.kind = Kind::kPark};
  return {.kind = Kind::kBytes, .length = std::min(length, there - offset)};
}

}  // namespace storage_ephemeral
