// Durable files of all volumes of a node, whole, as files in one directory. The content of a file
// and a writer never changes, so what is here is never stale, also after a restart of the daemon.
// Nothing is synced: after one of the machine the cache begins empty.
//
// Threads: any method from any thread. Lock: its own, a leaf; no callback is called under it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "storage_attempts/snapshot_source.h"

namespace storage_attempts {

// One file in the cache. Where its bytes are may change (ContentCache::give_away).
class CachedFile {
 public:
  CachedFile(std::string name, std::uint64_t size, base::UniqueFd fd)
      : name_(std::move(name)), size_(size), fd_(std::make_shared<base::UniqueFd>(std::move(fd))) {}

  const std::string& name() const { return name_; }
  std::uint64_t size() const { return size_; }
  std::shared_ptr<const base::UniqueFd> fd() const {
    const std::lock_guard lock(mutex_);
    return fd_;
  }

 private:
  friend class ContentCache;

  const std::string name_;
  const std::uint64_t size_;
  mutable std::mutex mutex_;
  std::shared_ptr<base::UniqueFd> fd_;  // guarded by mutex_
};

struct ContentCacheOptions {
  std::filesystem::path directory;  // on the file system of the staging directories
  std::uint64_t bytes_max = std::uint64_t{16} << 30;
};

class ContentCache {
 public:
  // Takes over what an earlier process left. Errors: of the file system.
  static base::Result<std::unique_ptr<ContentCache>> open(ContentCacheOptions options);

  // A file of the cache's, or nothing. It is not removed from the cache while somebody has it.
  std::shared_ptr<CachedFile> find(const std::string& volume, InodeNumber inode,
                                   const Content& content);
  // Whether the file is that content.
  static bool is(const CachedFile& file, const std::string& volume, InodeNumber inode,
                 const Content& content);
  // The same, and brings it here; once for all who ask at one time.
  void get(const std::string& volume, InodeNumber inode, const Content& content,
           const std::shared_ptr<SnapshotSource>& source,
           std::function<void(base::Result<std::shared_ptr<CachedFile>>)> done);

  // Moves a file into the cache that is the content, and that nobody can write to any more. It
  // stays where it is when the cache has one already. Errors: of the file system.
  base::Status adopt(const std::string& volume, InodeNumber inode, const Content& content,
                     int directory, const std::string& path);

  // Makes `path` a second name of the file: whoever has it alone may give the file to the kernel.
  // False when somebody has it already.
  bool lend(CachedFile& file, int directory, const std::string& path);
  // The file that was lent is going to be written to: the cache gets bytes of its own, or, where it
  // would have to copy and nobody else reads it, forgets the file. Errors: of copying.
  base::Status give_away(const std::shared_ptr<CachedFile>& file);

  std::uint64_t bytes() const;

 private:
  struct Fetch;
  struct Item {
    std::uint64_t size = 0;
    std::list<std::string>::iterator place;  // in used_
    std::weak_ptr<CachedFile> open;          // while somebody has it
  };

  explicit ContentCache(ContentCacheOptions options, base::UniqueFd directory);
  base::Status load();
  bool is_of_this_boot() const;
  base::Status note_boot() const;
  std::shared_ptr<CachedFile> find(const std::string& name);
  void add(const std::string& name, std::uint64_t size);
  void forget(std::map<std::string, Item>::iterator item);
  void evict();
  bool is_lent(const std::string& name) const;
  void fetch_next(const std::shared_ptr<Fetch>& fetch);
  void finish(const std::shared_ptr<Fetch>& fetch, base::Status status);

  const ContentCacheOptions options_;
  const base::UniqueFd directory_;
  mutable std::mutex mutex_;  // guards all below
  std::map<std::string, Item> files_;
  std::list<std::string> used_;  // the latest first
  std::map<std::string, std::shared_ptr<Fetch>> fetches_;
  std::uint64_t bytes_ = 0;
};

}  // namespace storage_attempts
