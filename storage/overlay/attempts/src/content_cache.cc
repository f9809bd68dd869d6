#include "storage_attempts/content_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/boot_id.h"
#include "files.h"

namespace storage_attempts {
namespace {

constexpr std::uint64_t kObjectBytes = storage::kDataObjectBytes;
constexpr std::uint64_t kPieceBytes = 4 * kObjectBytes;  // asked for at once
constexpr const char* kBootFile = ".boot";

// Volumes may hold '/', and nothing else that a file name cannot.
std::string name_of(const std::string& volume, InodeNumber inode, const Content& content) {
  std::string name;
  for (const char c : volume) c == '/' ? name += "%2F" : c == '%' ? name += "%25" : name += c;
  return name + ',' + std::to_string(inode) + ',' + content.writer;
}

std::string path_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

}  // namespace

struct ContentCache::Fetch {
  std::string name;
  InodeNumber inode = 0;
  Content content;
  std::shared_ptr<SnapshotSource> source;
  base::UniqueFd fd;
  std::uint64_t done = 0;
  std::vector<std::function<void(base::Result<std::shared_ptr<CachedFile>>)>> waiters;
};

ContentCache::ContentCache(ContentCacheOptions options, base::UniqueFd directory)
    : options_(std::move(options)), directory_(std::move(directory)) {}

base::Result<std::unique_ptr<ContentCache>> ContentCache::open(ContentCacheOptions options) {
  base::UniqueFd directory(::open(options.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid())
    return base::error_from_errno(errno, "open " + options.directory.string());
  std::unique_ptr<ContentCache> cache(new ContentCache(std::move(options), std::move(directory)));
  TRY_STATUS(cache->load());
  return cache;
}

base::Status ContentCache::adopt(const std::string& volume, InodeNumber inode,
                                 const Content& content, int directory, const std::string& path) {
  const std::string name = name_of(volume, inode, content);
  {
    const std::lock_guard lock(mutex_);
    if (files_.contains(name) || fetches_.contains(name)) return {};
    if (::renameat(directory, path.c_str(), directory_.get(), name.c_str()) != 0)
      return base::error_from_errno(errno, "move a file into the cache");
  }
  add(name, content.size);
  return {};
}

// Whether the files were written while the machine ran as it does now.
bool ContentCache::is_of_this_boot() const {
  const auto now = base::boot_id();
  const base::UniqueFd fd(::openat(directory_.get(), kBootFile, O_RDONLY | O_CLOEXEC));
  const auto then = fd.valid() ? read_file(fd.get()) : base::Result<std::string>("");
  return now.ok() && then.ok() && *now == *then;
}

base::Status ContentCache::note_boot() const {
  TRY(const std::string now, base::boot_id());
  const base::UniqueFd fd(
      ::openat(directory_.get(), kBootFile, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const int error = fd.valid() ? write_at(fd.get(), now, 0) : errno;
  if (error != 0) return base::error_from_errno(error, "note when the cache began");
  return {};
}

base::Status ContentCache::load() {
  const bool keep = is_of_this_boot();
  DIR* const listing = ::fdopendir(::openat(directory_.get(), ".", O_RDONLY | O_CLOEXEC));
  if (listing == nullptr) return base::error_from_errno(errno, "list the cache");
  while (const dirent* item = ::readdir(listing)) {  // NOLINT(concurrency-mt-unsafe): ours alone
    const std::string name = item->d_name;
    if (name == "." || name == ".." || name == kBootFile) continue;
    struct stat stat{};
    if (!keep || name.ends_with(".new") || ::fstatat(directory_.get(), name.c_str(), &stat, 0) != 0)
      ::unlinkat(directory_.get(), name.c_str(), 0);
    else
      add(name, static_cast<std::uint64_t>(stat.st_size));
  }
  ::closedir(listing);
  return keep ? base::Status() : note_boot();
}

void ContentCache::add(const std::string& name, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (files_.contains(name)) return;
  used_.push_front(name);
  files_[name] = {size, used_.begin(), {}};
  bytes_ += size;
  evict();
}

void ContentCache::forget(std::map<std::string, Item>::iterator item) {
  ::unlinkat(directory_.get(), item->first.c_str(), 0);
  bytes_ -= item->second.size;
  used_.erase(item->second.place);
  files_.erase(item);
}

bool ContentCache::is_lent(const std::string& name) const {
  struct stat stat{};
  return ::fstatat(directory_.get(), name.c_str(), &stat, 0) == 0 && stat.st_nlink > 1;
}

// The least recently used go first, and never what somebody reads, nor what has just come: one file
// may be larger than the cache.
void ContentCache::evict() {
  for (auto at = used_.end(); bytes_ > options_.bytes_max && --at != used_.begin();) {
    const auto item = files_.find(*at);
    if (!item->second.open.expired() || is_lent(*at)) continue;
    ++at;
    forget(item);
  }
}

std::shared_ptr<CachedFile> ContentCache::find(const std::string& volume, InodeNumber inode,
                                               const Content& content) {
  const std::lock_guard lock(mutex_);
  return find(name_of(volume, inode, content));
}

std::shared_ptr<CachedFile> ContentCache::find(const std::string& name) {
  const auto at = files_.find(name);
  if (at == files_.end()) return nullptr;
  Item& item = at->second;
  used_.splice(used_.begin(), used_, item.place);
  if (auto open = item.open.lock()) return open;
  base::UniqueFd fd(::openat(directory_.get(), name.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid()) return nullptr;
  auto file = std::make_shared<CachedFile>(name, item.size, std::move(fd));
  item.open = file;
  return file;
}

bool ContentCache::is(const CachedFile& file, const std::string& volume, InodeNumber inode,
                      const Content& content) {
  return file.name() == name_of(volume, inode, content);
}

void ContentCache::get(const std::string& volume, InodeNumber inode, const Content& content,
                       const std::shared_ptr<SnapshotSource>& source,
                       std::function<void(base::Result<std::shared_ptr<CachedFile>>)> done) {
  if (auto file = find(volume, inode, content)) return done(std::move(file));
  std::shared_ptr<Fetch> fetch;
  {
    const std::lock_guard lock(mutex_);
    auto& known = fetches_[name_of(volume, inode, content)];
    if (known) return known->waiters.push_back(std::move(done));
    fetch = known = std::make_shared<Fetch>();
    fetch->name = name_of(volume, inode, content);
    fetch->waiters.push_back(std::move(done));
  }
  fetch->inode = inode;
  fetch->content = content;
  fetch->source = source;
  fetch->fd.reset(::openat(directory_.get(), (fetch->name + ".new").c_str(),
                           O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fetch->fd.valid()) return finish(fetch, base::error_from_errno(errno, "make a cache file"));
  if (::ftruncate(fetch->fd.get(), static_cast<off_t>(content.size)) != 0)
    return finish(fetch, base::error_from_errno(errno, "make a cache file"));
  fetch_next(fetch);
}

// A few data objects at a time; what is a hole in the store is one here.
void ContentCache::fetch_next(const std::shared_ptr<Fetch>& fetch) {
  const auto& runs = fetch->content.objects;
  const auto run = std::ranges::find_if(runs, [&](const Content::Run& candidate) {
    return (candidate.first + candidate.count) * kObjectBytes > fetch->done;
  });
  if (run == runs.end() || fetch->done >= fetch->content.size) return finish(fetch, {});
  const std::uint64_t offset = std::max(fetch->done, run->first * kObjectBytes);
  const std::uint64_t end = (run->first + run->count) * kObjectBytes;
  const std::uint64_t length = std::min(kPieceBytes, end - offset);
  fetch->source->read(fetch->inode, fetch->content, offset, length,
                      [this, fetch, offset, length](auto bytes) {
                        if (!bytes.ok()) return finish(fetch, std::move(bytes).error());
                        if (const int error = write_at(fetch->fd.get(), *bytes, offset); error != 0)
                          return finish(fetch, base::error_from_errno(error, "write a cache file"));
                        fetch->done = offset + length;
                        fetch_next(fetch);
                      });
}

void ContentCache::finish(const std::shared_ptr<Fetch>& fetch, base::Status status) {
  const std::string temporary = fetch->name + ".new";
  if (status.ok() &&
      ::renameat(directory_.get(), temporary.c_str(), directory_.get(), fetch->name.c_str()) != 0)
    status = base::error_from_errno(errno, "keep a cache file");
  if (status.ok())
    add(fetch->name, fetch->content.size);
  else
    ::unlinkat(directory_.get(), temporary.c_str(), 0);
  decltype(fetch->waiters) waiters;
  std::shared_ptr<CachedFile> file;
  {
    const std::lock_guard lock(mutex_);
    fetches_.erase(fetch->name);
    waiters = std::move(fetch->waiters);
    if (status.ok()) file = find(fetch->name);
  }
  if (status.ok() && !file)
    status = base::Error{base::ErrorCode::kUnavailable, "the cache is too small"};
  for (const auto& waiter : waiters) {
    if (status.ok())
      waiter(file);
    else
      waiter(status.error());
  }
}

bool ContentCache::lend(CachedFile& file, int directory, const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto known = files_.find(file.name());
  if (known == files_.end() || known->second.open.lock().get() != &file) return false;
  if (is_lent(file.name())) return false;
  return ::linkat(AT_FDCWD, path_of(file.fd_->get()).c_str(), directory, path.c_str(),
                  AT_SYMLINK_FOLLOW) == 0;
}

base::Status ContentCache::give_away(const std::shared_ptr<CachedFile>& file) {
  const std::lock_guard lock(mutex_);
  const std::string& name = file->name();
  const std::string temporary = name + ".new";
  base::UniqueFd own(
      ::openat(directory_.get(), temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!own.valid()) return base::error_from_errno(errno, "make a cache file");
  const int given = file->fd_->get();
  // Besides the caller, readers may have it that we have to copy for.
  const bool others = file.use_count() > 1;
  bool have_own = clone(given, own.get());
  if (!have_own && others) {
    if (const int error = clone_or_copy(given, own.get()); error != 0) {
      ::unlinkat(directory_.get(), temporary.c_str(), 0);
      return base::error_from_errno(error, "copy a cache file");
    }
    have_own = true;
  }
  if (have_own &&
      ::renameat(directory_.get(), temporary.c_str(), directory_.get(), name.c_str()) == 0) {
    const std::lock_guard file_lock(file->mutex_);
    file->fd_ = std::make_shared<base::UniqueFd>(std::move(own));
    return {};
  }
  ::unlinkat(directory_.get(), temporary.c_str(), 0);
  if (have_own) return base::error_from_errno(errno, "keep a cache file");
  if (const auto item = files_.find(name); item != files_.end()) forget(item);
  return {};
}

std::uint64_t ContentCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace storage_attempts
