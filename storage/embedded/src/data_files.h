// Data objects as files.
//
//   DIRECTORY/new/N          on the way in; emptied at each start
//   DIRECTORY/xx/NAME        an object: its header and its bytes. NAME is a hash of space and name
//                            followed by one of the space; xx are its first two digits
#pragma once

#include <array>
#include <atomic>
#include <filesystem>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "object_header.h"
#include "storage/object_store.h"

namespace storage_embedded {

// Threads: any method from any thread; all of them wait for the disk.
class DataFiles {
 public:
  explicit DataFiles(std::filesystem::path directory);

  // Makes the directories, and empties `new`. Before all else.
  base::Status prepare();

  base::Result<storage::ObjectVersion> write(const storage::ObjectId& object,
                                             const storage::ObjectWrite& change);
  base::Result<std::string> read(const storage::ObjectId& object, std::uint64_t offset,
                                 std::uint64_t length);
  base::Result<storage::ObjectStat> stat(const storage::ObjectId& object);
  base::Result<std::vector<std::string>> list(const std::string& space, std::string& cursor,
                                              std::size_t most);

 private:
  // Where an object is, and what keeps others away from it.
  struct Place {
    std::filesystem::path folder;
    std::filesystem::path path;
    std::shared_mutex& lock;
  };
  // A file on the way in, removed where it does not get there.
  class Draft;

  Place place_of(const storage::ObjectId& object);
  base::Result<storage::ObjectVersion> publish(const storage::ObjectId& object,
                                               const storage::ObjectWrite& change,
                                               const Place& place, Draft* draft);
  base::Result<std::vector<std::string>> file_names(int folder, const std::string& ending,
                                                    const std::string& after) const;

  const std::filesystem::path directory_;
  std::atomic<std::uint64_t> drafts_ = 0;
  std::atomic<storage::ObjectVersion> last_version_;
  // One for each folder. Held alone from the look at the guards until the directory is synced, so
  // that nobody reads what a crash could still take back.
  std::array<std::shared_mutex, 256> locks_;
};

}  // namespace storage_embedded
