// What the transfer between nodes and the files of a volume want of each other.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "backing.h"
#include "base/result.h"
#include "frame.h"

namespace storage_ephemeral {

// What can be sent of a file just now.
struct SourceView {
  FileState state = FileState::kWriting;
  PoisonReason reason = PoisonReason::kNone;
  std::uint64_t available = 0;
  std::optional<std::uint64_t> end{};       // the size, once it is final
  std::optional<std::uint64_t> checksum{};  // of all bytes, once it is known
};

// Files that this node sends. Called on the loop's thread.
class FileSource {
 public:
  struct Stream {
    std::uint64_t id = 0;
    SharedFd file;
  };

  virtual ~FileSource() = default;
  // `wake` is called on the loop's thread after look() may have changed. Errors: kNotFound when
  // this node can never send it.
  virtual base::Result<Stream> open_stream(const FileId& file, std::function<void()> wake) = 0;
  virtual SourceView look(const FileId& file, std::uint64_t stream, FetchFor purpose) = 0;
  virtual void close_stream(const FileId& file, std::uint64_t stream) = 0;
  // Makes a second copy of what `from` is writing; `done` says whether it is complete.
  virtual void keep(const FileId& file, const NodeName& from, std::function<void(bool)> done) = 0;
};

// One try to bring a file here. What an earlier one still says about it is old news.
struct FetchId {
  FileId file;
  std::uint64_t number = 0;
};

// Files that this node receives. Called on the loop's thread.
class FetchSink {
 public:
  virtual ~FetchSink() = default;
  virtual std::vector<NodeName> sources(const FetchId& fetch) = 0;
  // The first `have` bytes are in the file. Less than before: the copy is made anew.
  virtual void advanced(const FetchId& fetch, std::uint64_t have) = 0;
  virtual void ended(const FetchId& fetch, std::uint64_t size) = 0;
  // All bytes are there and verified.
  virtual void finished(const FetchId& fetch, std::uint64_t size, std::uint64_t checksum) = 0;
  virtual void poisoned(const FetchId& fetch, PoisonReason reason) = 0;
  // Nobody has the rest.
  virtual void lost(const FetchId& fetch) = 0;
  // This node cannot store it.
  virtual void failed(const FetchId& fetch, const base::Error& error) = 0;
};

}  // namespace storage_ephemeral
