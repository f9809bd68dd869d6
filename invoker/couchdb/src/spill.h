// Records that wait on disk: files of lines, one JSON document each, in a folder.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace invoker_couchdb {

// Written at one end and read at the other. A file is read only when nothing is added to it any
// more, and removed when all of it has been dropped: after a crash, some of its records come again.
//
// Threads: any method from any thread, but one reader. Time: of the disk.
class Spill {
 public:
  // Takes up what is in `folder`, which is made where it is not there. Errors: of the disk;
  // kAlreadyExists when another process has the folder.
  static base::Result<std::unique_ptr<Spill>> open(const std::string& folder,
                                                   std::int64_t bytes_max, const base::Logger& log);

  // All of them, or none. Errors: kNoSpace where the bound or the disk is reached; of the disk.
  base::Status append(std::span<const std::string> documents);

  // The oldest, at least one where there is one; the same again until drop().
  std::vector<std::string> peek(std::size_t count_max, std::int64_t bytes_max);
  void drop();

  // A record that nobody will take, for people to look at; bounded like the rest, and never read.
  base::Status keep_refused(const std::string& document);

  std::int64_t bytes() const;
  bool empty() const { return bytes() == 0; }

 private:
  struct File {
    std::string path;
    std::int64_t size = 0;
  };

  Spill(std::string folder, std::int64_t bytes_max, const base::Logger& log)
      : folder_(std::move(folder)), bytes_max_(bytes_max), log_(log) {}

  base::Status take_up();
  base::Status begin_file();
  base::Status write(std::string_view lines);
  void split(std::string_view text, std::size_t count_max, std::int64_t bytes_max,
             std::vector<std::string>& documents);
  base::Result<std::string> read_front(std::int64_t bytes_max) const;
  void skip_bad_end();
  void set_aside_front(const base::Error& error);
  void remove_front();
  void forget_front();

  const std::string folder_;
  const std::int64_t bytes_max_;
  const base::Logger log_;
  base::UniqueFd lock_;  // held for as long as the folder is ours

  mutable std::mutex mutex_;  // guards everything below
  std::deque<File> files_;    // oldest first; while writing_ is open, the last is written
  base::UniqueFd writing_;
  std::uint64_t next_number_ = 1;
  std::int64_t bytes_ = 0;   // of all files
  std::int64_t read_ = 0;    // of the first file, dropped
  std::int64_t peeked_ = 0;  // behind that, given by peek()
};

}  // namespace invoker_couchdb
