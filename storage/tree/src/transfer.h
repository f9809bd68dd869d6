// The bytes of files, as data objects, several at a time.
//
// Threads: any method from any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "early.h"
#include "volume.h"

namespace storage_tree {

// Requests of which at most `most` are under way. The first error is given by wait(), and none is
// started after it. What they use has to stay until wait() is over.
//
// Threads: one; answers come on any.
class Bounded {
 public:
  using Done = std::function<void(base::Status)>;

  explicit Bounded(std::size_t most);

  // Waits for room; false: there was an error, and `request` is not called.
  bool start(const std::function<void(Done)>& request);
  base::Status wait();

 private:
  struct State;
  const std::size_t most_;
  const std::shared_ptr<State> state_;
};

// Starts `count` requests by `start`, and waits for all that were started.
base::Status run_bounded(
    std::uint64_t count, std::size_t most,
    const std::function<void(std::uint64_t, std::function<void(base::Status)>)>& start);

// The data objects of a sparse file: those with at least one byte that is not in a hole.
base::Result<std::vector<storage::Content::Run>> data_runs(int fd, std::uint64_t size);

// Of one volume, as many as one file's upload has.
inline constexpr std::size_t kEarlyAtOnce = 16;

class Transfer {
 public:
  explicit Transfer(Volume& volume)
      : volume_(volume), early_(kEarlyAtOnce, volume.options.early_room) {}

  // All objects of the content, but those that are stored already and hold what the file does.
  base::Status upload(const std::string& writer, InodeNumber inode, int fd, const Content& content);
  // One of them, before the content is known; `bytes`: how many it has as yet.
  Early upload_early(const std::string& writer, InodeNumber inode,
                     const std::shared_ptr<const base::UniqueFd>& fd, std::uint64_t index,
                     std::uint64_t bytes);
  EarlyPieces& early() { return early_; }
  base::Result<std::string> read(InodeNumber inode, const Content& content, std::uint64_t offset,
                                 std::uint64_t length);
  // Objects that are not there are removed already.
  base::Status remove(const std::vector<storage::ObjectId>& objects);

 private:
  void put(const std::string& writer, InodeNumber inode, int fd, std::uint64_t index,
           std::uint64_t bytes, const Bounded::Done& done);
  base::Status settle_early(const std::string& writer, InodeNumber inode, int fd,
                            const Content& content, const EarlyPieces::Pieces& begun,
                            Bounded& requests);

  Volume& volume_;
  EarlyPieces early_;
};

}  // namespace storage_tree
