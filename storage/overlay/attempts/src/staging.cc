// Where an attempt's bytes are: `f<inode>` holds what it wrote; `b<inode>` is a second name of a
// file of the cache, for as long as the kernel may read that one in this attempt's name.
//
// The kernel demands that all opens of a file at one time have the same backing file. So a durable
// file that is open for reading and is then opened for writing keeps its backing file: it becomes
// the staging file, and the cache gets a copy for itself. For that only one attempt at a time may
// have the cache's file; for others, what they read goes through the daemon and the page cache.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "attempt.h"

namespace storage_attempts {
namespace {

std::string file_name(char kind, InodeNumber inode) { return kind + std::to_string(inode); }

std::uint64_t size_of(const base::UniqueFd& fd) {
  struct stat stat{};
  return ::fstat(fd.get(), &stat) == 0 ? static_cast<std::uint64_t>(stat.st_size) : 0;
}

bool writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY; }

}  // namespace

base::UniqueFd AttemptFileSystem::Attempt::open_name(const std::string& name, int flags) const {
  return base::UniqueFd(::openat(directory_.get(), name.c_str(), flags | O_CLOEXEC, 0600));
}

void AttemptFileSystem::Attempt::remove_file(char kind, InodeNumber inode) {
  ::unlinkat(directory_.get(), file_name(kind, inode).c_str(), 0);
}

int AttemptFileSystem::Attempt::rename_file(const std::string& from, char kind, InodeNumber inode) {
  const std::string to = file_name(kind, inode);
  return ::renameat(directory_.get(), from.c_str(), directory_.get(), to.c_str()) == 0 ? 0 : errno;
}

Answer<storage_overlay::Done> AttemptFileSystem::Attempt::make_staging_file(InodeNumber inode) {
  base::UniqueFd fd = open_name(file_name('f', inode), O_RDWR | O_CREAT | O_TRUNC);
  if (!fd.valid()) return fail(errno);
  files[inode].staged = std::make_shared<base::UniqueFd>(std::move(fd));
  return storage_overlay::Done{};
}

void AttemptFileSystem::Attempt::touch(InodeNumber inode) {
  const auto view = overlay.view(inode);
  // The same mode again: the cheapest change that there is.
  if (view.ok() && view->staged)
    ::fchmodat(directory_.get(), file_name('f', inode).c_str(), 0600, 0);
}

void AttemptFileSystem::Attempt::touch_name(const storage::NameKey& key) {
  const auto view = overlay.lookup(key.directory, key.name);
  if (view.ok()) touch(view->inode);
}

Answer<std::shared_ptr<base::UniqueFd>> AttemptFileSystem::Attempt::staging_file(
    InodeNumber inode) {
  if (const auto at = files.find(inode); at != files.end() && at->second.staged)
    return at->second.staged;
  base::UniqueFd fd = open_name(file_name('f', inode), O_RDWR);
  if (!fd.valid()) return fail(EIO);
  return std::make_shared<base::UniqueFd>(std::move(fd));
}

Answer<std::shared_ptr<CachedFile>> AttemptFileSystem::Attempt::cached_file(
    InodeNumber inode, const Content& content) {
  OpenFile& file = files[inode];
  const auto is_it = [&](const std::shared_ptr<CachedFile>& known) {
    return known && (!publishes() || ContentCache::is(*known, options.volume, inode, content));
  };
  if (is_it(file.cached)) return file.cached;
  if (is_it(file.newer)) return file.newer;
  file.newer.reset();
  if (file.opens == 0 && !file.from_before) file.cached.reset();
  auto& place = file.cached ? file.newer : file.cached;
  place = cache.find(options.volume, inode, content);
  if (place) {
    moved.read_local_bytes += static_cast<std::int64_t>(content.size);
    return place;
  }
  wants.content = inode;
  return Stop{};
}

base::Status AttemptFileSystem::Attempt::promote(InodeNumber inode, int fd) {
  const std::string temporary = file_name('f', inode) + ".new";
  const base::UniqueFd copy = open_name(temporary, O_RDWR | O_CREAT | O_TRUNC);
  if (!copy.valid()) return base::error_from_errno(errno, "make a staging file");
  if (const int error = clone_or_copy(fd, copy.get()); error != 0)
    return base::error_from_errno(error, "copy an ephemeral file");
  if (const int error = rename_file(temporary, 'f', inode); error != 0)
    return base::error_from_errno(error, "keep a staging file");
  overlay.promote(inode);
  return {};
}

Answer<storage_overlay::Done> AttemptFileSystem::Attempt::copy_content(InodeNumber inode,
                                                                       const View& view, int to) {
  if (options.staged_budget && !options.staged_budget->take(view.size)) return fail(EDQUOT);
  TRY(const Content content, overlay.content(inode));
  int error = 0;
  if (content.writer.empty()) {
    moved.read_local_bytes += static_cast<std::int64_t>(content.size);
    error = write_at(to, content.bytes, 0);
    if (error == 0 && ::ftruncate(to, static_cast<off_t>(content.size)) != 0) error = errno;
  } else {
    TRY(const auto cached, cached_file(inode, content));
    error = clone_or_copy(cached->fd()->get(), to);
  }
  if (error != 0) return fail(error);
  return storage_overlay::Done{};
}

// The kernel goes on with the file that it has.
Answer<storage_overlay::Done> AttemptFileSystem::Attempt::take_borrowed(InodeNumber inode,
                                                                        OpenFile& file) {
  if (!file.cached) {  // after a restart
    TRY(const Content content, overlay.content(inode));
    file.cached = cache.find(options.volume, inode, content);
  }
  TRY(const View view, overlay.view(inode));
  if (publishes()) {
    // The kernel holds on to the bytes of before, which others have replaced.
    TRY(const Content content, overlay.content(inode));
    if (file.from_before || !file.cached ||
        !ContentCache::is(*file.cached, options.volume, inode, content))
      return fail(ESTALE);
  }
  if (options.staged_budget && !options.staged_budget->take(view.size)) return fail(EDQUOT);
  if (file.cached && !cache.give_away(file.cached).ok()) return fail(ENOSPC);
  if (const int error = rename_file(file_name('b', inode), 'f', inode); error != 0)
    return fail(error);
  file.borrowed = false;
  file.cached.reset();
  file.newer.reset();
  return storage_overlay::Done{};
}

Answer<storage_overlay::Done> AttemptFileSystem::Attempt::stage(const View& view, bool keep) {
  if (view.staged) return storage_overlay::Done{};
  OpenFile& file = files[view.inode];
  if (file.borrowed) {
    TRY_STATUS(take_borrowed(view.inode, file));
  } else {
    const std::string temporary = file_name('f', view.inode) + ".new";
    const base::UniqueFd fd = open_name(temporary, O_RDWR | O_CREAT | O_TRUNC);
    if (!fd.valid()) return fail(errno);
    if (keep) TRY_STATUS(copy_content(view.inode, view, fd.get()));
    const timespec times[] = {timespec_of(view.attributes.accessed),
                              timespec_of(view.attributes.modified)};
    ::futimens(fd.get(), times);
    if (const int error = rename_file(temporary, 'f', view.inode); error != 0) return fail(error);
    file.cached.reset();
    file.newer.reset();
  }
  TRY_STATUS(overlay.stage(view.inode));
  if (!file.staged) {
    TRY(file.staged, staging_file(view.inode));
  }
  return storage_overlay::Done{};
}

Answer<storage_overlay::Done> AttemptFileSystem::Attempt::truncate(const View& view,
                                                                   std::uint64_t size) {
  TRY_STATUS(stage(view, size != 0));
  TRY(const auto fd, staging_file(view.inode));
  TRY_STATUS(make_room(*fd, size));
  if (::ftruncate(fd->get(), static_cast<off_t>(size)) != 0) return fail(errno);
  return storage_overlay::Done{};
}

Answer<storage_overlay::Done> AttemptFileSystem::Attempt::make_room(const base::UniqueFd& file,
                                                                    std::uint64_t size) const {
  const int error = storage_attempts::make_room(options.staged_budget.get(), file.get(), size);
  if (error != 0) return fail(error);
  return storage_overlay::Done{};
}

int AttemptFileSystem::Attempt::write_staged(const base::UniqueFd& file, std::string_view bytes,
                                             std::uint64_t offset) const {
  const auto room =
      storage_attempts::make_room(options.staged_budget.get(), file.get(), offset + bytes.size());
  return room != 0 ? room : write_at(file.get(), bytes, offset);
}

// O_TRUNC: at size 0 too, that is a change.
Answer<storage_overlay::Done> AttemptFileSystem::Attempt::empty(const View& view,
                                                                bool drop_privileges) {
  TRY_STATUS(truncate(view, 0));
  storage_overlay::AttributeChange change;
  change.written = true;
  change.drop_privileges = drop_privileges;
  TRY_STATUS(overlay.change(view.inode, change, {0, 0, file_time_now()}));
  return storage_overlay::Done{};
}

Answer<storage_fuse::Opened> AttemptFileSystem::Attempt::open_file(InodeNumber inode, int flags,
                                                                   bool drop_privileges) {
  TRY(View view, overlay.view(inode));
  if (view.attributes.type != FileType::kRegular) return fail(EIO);
  const bool truncates = (flags & O_TRUNC) != 0;
  if (writes(flags) || truncates) {
    TRY_STATUS(may_change());
    TRY_STATUS(stage(view, !truncates));
    TRY(view, overlay.view(inode));
    if (truncates) TRY_STATUS(empty(view, drop_privileges));
  }
  storage_fuse::Opened opened;
  opened.no_flush = !publishes_at_once() || !writes(flags);
  if (publishes() && writes(flags)) opened.handle = kDurableWriter;
  OpenFile& file = files[inode];
  if (view.staged) {
    TRY(file.staged, staging_file(inode));
    opened.backing.reset(::fcntl(file.staged->get(), F_DUPFD_CLOEXEC, 0));
    // Only writes that come to us clear these bits, and are counted.
    const bool set_ids = (view.attributes.permissions & (S_ISUID | S_ISGID)) != 0;
    opened.direct_io = writes(flags) && (set_ids || options.staged_budget);
  } else {
    TRY(const Content content, overlay.content(inode));
    opened.keep_cache = !publishes();
    if (content.writer.empty()) {
      moved.read_local_bytes += static_cast<std::int64_t>(content.size);
    } else if (content.size <= system.cached_file_bytes_max) {
      TRY(const auto cached, cached_file(inode, content));
      if (!file.borrowed && file.opens == 0)
        file.borrowed = cache.lend(*cached, directory_.get(), file_name('b', inode));
      if (file.borrowed) opened.backing = open_name(file_name('b', inode), O_RDONLY);
      // The kernel has the file of before: reads come here.
      opened.direct_io = file.borrowed && cached == file.newer;
    }
  }
  ++file.opens;
  if (writes(flags)) {
    if (++file.writers == 1) file.kept = size_of(*file.staged);
    written_.insert(inode);
  }
  return opened;
}

void AttemptFileSystem::Attempt::close_file(InodeNumber inode, int flags) {
  const auto at = files.find(inode);
  if (at == files.end()) return;
  OpenFile& file = at->second;
  if (writes(flags) && file.writers > 0) --file.writers;
  if (writes(flags)) closed.notify_all();
  if (file.opens == 0 || --file.opens > 0 || file.from_before) return;
  if (file.borrowed) remove_file('b', inode);
  files.erase(at);
  if (publishes()) unstage_if_clean(inode);
}

}  // namespace storage_attempts
