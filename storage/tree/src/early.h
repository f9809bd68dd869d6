// Pieces of files that are stored while the attempt still writes: which are under way or there, and
// what they held, so that the upload at the end stores again what was changed since.
//
// Threads: any method from any thread.
#pragma once

#include <xxhash.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "storage_tree/outcome.h"

namespace storage_tree {

using storage::InodeNumber;

// 128 bits: that two pieces which differ have the same is not going to happen.
using Digest = XXH128_hash_t;
Digest digest_of(std::span<const char> bytes);
inline bool same(const Digest& a, const Digest& b) { return XXH128_isEqual(a, b) != 0; }

class EarlyPieces {
 public:
  struct Piece {
    std::uint64_t bytes = 0;
    bool under_way = true;
    std::optional<Digest> digest;  // when it is there
  };
  using Pieces = std::map<std::uint64_t, Piece>;  // by their place in the file

  // `room` is called when another one may begin.
  EarlyPieces(std::size_t most, std::function<void()> room) : most_(most), room_(std::move(room)) {}
  // Waits for what is under way.
  ~EarlyPieces();

  // kBegun: it has to be stored now, and end() must follow.
  Early begin(const std::string& writer, InodeNumber inode, std::uint64_t index,
              std::uint64_t bytes);
  // No digest: it is not there. `doubtful`: it may arrive all the same, and too late.
  void end(const std::string& writer, InodeNumber inode, std::uint64_t index,
           std::optional<Digest> digest, bool doubtful);
  bool is_doubtful(const std::string& writer) const;

  // Nothing more of the file begins. Gives what did.
  Pieces close(const std::string& writer, InodeNumber inode);
  // What is there, when nothing of the file is under way any more.
  Pieces wait(const std::string& writer, InodeNumber inode);
  void wait(const std::string& writer);
  void forget(const std::string& writer);

 private:
  struct File {
    Pieces pieces;
    bool closed = false;
  };
  struct Writer {
    std::map<InodeNumber, File> files;
    std::size_t under_way = 0;
    bool doubtful = false;
  };

  const std::size_t most_;
  const std::function<void()> room_;
  mutable std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  std::map<std::string, Writer> writers_;
  std::size_t under_way_ = 0;
};

}  // namespace storage_tree
