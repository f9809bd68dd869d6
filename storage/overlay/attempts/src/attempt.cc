#include "attempt.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace storage_attempts {
namespace {

constexpr std::uint64_t kInodesAtOnce = 1024;
// Until the kernel's clock ticks twice. A lookup of a name asks us in any case and tells the
// attributes anew; that they are still right in the next step of the same system call saves the
// kernel to ask again, for each permission it checks.
constexpr storage_fuse::Timeout kMoment{1};

// What the store says, to a program that reads a file.
int as_errno(const base::Error& error) {
  switch (error.code) {
    case base::ErrorCode::kNoSpace:
      return ENOSPC;
    case base::ErrorCode::kConflict:  // the snapshot has lapsed
      return ESTALE;
    default:
      return EIO;
  }
}

}  // namespace

AttemptFileSystem::Attempt::Attempt(AttemptOptions wanted, const FileSystemOptions& system_options,
                                    ContentCache& content_cache,
                                    std::shared_ptr<const std::atomic<bool>> passthrough,
                                    base::UniqueFd directory)
    : options(std::move(wanted)),
      system(system_options),
      cache(content_cache),
      names(options.ephemeral ? std::make_unique<EphemeralNames>(options) : nullptr),
      ephemeral(options.ephemeral
                    ? std::make_shared<EphemeralFiles>(options, std::move(passthrough))
                    : nullptr),
      overlay(options.overlay, names.get()),
      directory_(std::move(directory)),
      compact_at_(system.journal_compact_bytes) {}

base::Result<std::shared_ptr<AttemptFileSystem::Attempt>> AttemptFileSystem::Attempt::open(
    AttemptOptions options, const FileSystemOptions& system, ContentCache& cache,
    std::shared_ptr<const std::atomic<bool>> passthrough) {
  base::UniqueFd directory(::open(options.staging.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return base::error_from_errno(errno, "open " + options.staging.string());
  std::shared_ptr<Attempt> attempt(
      new Attempt(std::move(options), system, cache, std::move(passthrough), std::move(directory)));
  TRY_STATUS(attempt->resume());
  return attempt;
}

// --- After a restart.

base::Status AttemptFileSystem::Attempt::resume() {
  TRY(auto opened, JournalFile::open(directory_.get()));
  journal_ = std::move(opened.file);
  if (options.is_new) return {};
  resumed = !opened.content.empty();
  const std::size_t good = overlay.replay(opened.content);
  // Zeros that nothing was written to; and only what was never answered can be torn.
  if (good < opened.content.size()) TRY_STATUS(journal_.cut(good));
  if (publishes()) catch_up();
  DIR* const listing = ::fdopendir(::openat(directory_.get(), ".", O_RDONLY | O_CLOEXEC));
  if (listing == nullptr) return base::error_from_errno(errno, "list a staging directory");
  base::Status status;
  while (const dirent* item = ::readdir(listing))  // NOLINT(concurrency-mt-unsafe): ours alone
    if (auto looked = look_at(item->d_name); !looked.ok()) status = std::move(looked);
  ::closedir(listing);
  return status;
}

// Staging files whose operation did not get as far as the journal: nobody was told of them. A file
// that was being taken over from the cache is what the kernel may still be reading.
base::Status AttemptFileSystem::Attempt::look_at(const std::string& name) {
  if (name.starts_with(".") || name == "journal") return {};
  const auto inode = std::strtoull(name.c_str() + 1, nullptr, 10);
  if (name.ends_with(".new") || name[0] == 'c') {
    ::unlinkat(directory_.get(), name.c_str(), 0);
  } else if (name[0] == 'b') {
    files[inode].borrowed = files[inode].from_before = true;
  } else if (name[0] == 'f') {
    const auto view = overlay.view(inode);
    const bool is_old = !view.ok() && view.error().error == 0 && overlay.is_staged(inode);
    if (is_old || (view.ok() && view->staged)) {
      files[inode].from_before = publishes();
      return {};
    }
    if (!view.ok() && view.error().error != 0)
      ::unlinkat(directory_.get(), name.c_str(), 0);
    else if (rename_file(name, 'b', inode) == 0)
      files[inode].borrowed = files[inode].from_before = true;
  }
  return {};
}

// --- The journal.

Answer<storage_overlay::Done> AttemptFileSystem::Attempt::may_change() {
  if (frozen) return fail(EROFS);
  if (publishing.broken != 0) return fail(publishing.broken);
  if (publishing.phase == Publishing::Phase::kUnderWay) {
    wants.quiet = true;
    return Stop{};
  }
  if (!journal_is_whole()) return fail(ENOSPC);
  if (const int error = journal_.make_room(); error != 0) return fail(error);
  return storage_overlay::Done{};
}

// One that found no room is written anew as soon as there is some.
bool AttemptFileSystem::Attempt::journal_is_whole() {
  if (!journal_.has_ended()) return true;
  const std::string whole = overlay.whole_journal();
  if (!journal_.replace(whole).ok()) return false;
  overlay.journal_replaced(whole.size());
  return true;
}

void AttemptFileSystem::Attempt::write_journal() {
  if (const std::string frame = overlay.take_journal(); !frame.empty()) journal_.append(frame);
  for (const InodeNumber inode : overlay.take_ended()) {
    remove_file('f', inode);
    files.erase(inode);
  }
  if (journal_.bytes() < compact_at_) return;
  const std::string whole = overlay.whole_journal();
  if (whole.size() < journal_.bytes() / 2 && journal_.replace(whole).ok())
    overlay.journal_replaced(whole.size());
  compact_at_ = std::max(system.journal_compact_bytes, 2 * journal_.bytes());
}

// --- What operations wait for.

void AttemptFileSystem::Attempt::satisfy(Wants wanted, std::function<void(int)> done) {
  struct Waiting {
    std::atomic<std::size_t> left{1};
    std::atomic<int> error{0};
    std::function<void(int)> done;
    void arrived(int failure) {
      if (failure != 0) error = failure;
      if (left.fetch_sub(1) == 1) done(error);
    }
  };
  if (wanted.published) return ask_publication(std::move(done));
  if (wanted.quiet) return await_quiet(std::move(done));
  const auto waiting = std::make_shared<Waiting>();
  waiting->done = std::move(done);
  waiting->left = 1 + wanted.need.names.size() + wanted.need.directories.size() +
                  wanted.need.promote.size() + (wanted.need.inodes ? 1 : 0) +
                  (wanted.content ? 1 : 0);
  const auto self = shared_from_this();
  std::unique_lock looking(mutex);
  const auto moves = publishing.moves;
  looking.unlock();
  // Takes the answer in, under the lock, or keeps the error.
  const auto take = [self, waiting](auto& answer, auto&& learn) {
    if (answer.ok()) {
      const std::lock_guard lock(self->mutex);
      learn(*answer);
    }
    waiting->arrived(answer.ok() ? 0 : as_errno(answer.error()));
  };
  for (const auto& key : wanted.need.names)
    options.source->lookup(key, [self, take, key, moves](auto entry) {
      // Of another snapshot it says nothing.
      take(entry, [&](const auto& value) {
        if (self->publishing.moves == moves) self->overlay.learn(key, value);
      });
    });
  for (const InodeNumber inode : wanted.need.directories)
    options.source->list(inode, [self, take, inode, moves](auto listing) {
      take(listing, [&](const auto& value) {
        if (self->publishing.moves == moves) self->overlay.learn_directory(inode, value);
      });
    });
  if (wanted.need.inodes)
    options.source->reserve(kInodesAtOnce, [self, take](auto first) {
      take(first, [&](InodeNumber value) { self->overlay.give_inodes(value, kInodesAtOnce); });
    });
  for (const InodeNumber inode : wanted.need.promote)
    ephemeral->bytes_of(inode, [self, waiting, inode](auto file) {
      if (!file.ok()) return waiting->arrived(as_errno(file.error()));
      const std::lock_guard lock(self->mutex);
      const auto promoted = self->promote(inode, (*file)->get());
      waiting->arrived(promoted.ok() ? 0 : as_errno(promoted.error()));
    });
  if (wanted.content) {
    std::optional<Content> content;
    {
      const std::lock_guard lock(mutex);
      if (auto known = overlay.content(*wanted.content); known.ok()) content = *known;
    }
    const InodeNumber inode = *wanted.content;
    if (!content)
      waiting->arrived(0);
    else
      cache.get(options.volume, inode, *content, options.source, [self, take, inode](auto file) {
        take(file, [&](const auto& value) {
          OpenFile& known = self->files[inode];
          (known.cached ? known.newer : known.cached) = value;
          self->moved.read_remote_bytes += static_cast<std::int64_t>(value->size());
        });
      });
  }
  waiting->arrived(0);
}

// --- Attributes.

Answer<storage_fuse::Attributes> AttemptFileSystem::Attempt::attributes_of(const View& view) {
  storage_fuse::Attributes answer;
  struct stat& stat = answer.stat;
  const auto& attributes = view.attributes;
  stat.st_ino = view.inode;
  stat.st_mode = storage::type_bits(attributes.type) | attributes.permissions;
  stat.st_nlink = view.links;
  stat.st_uid = attributes.uid;
  stat.st_gid = attributes.gid;
  stat.st_size = static_cast<off_t>(view.size);
  stat.st_blksize = 4096;
  stat.st_blocks = static_cast<blkcnt_t>((view.size + 511) / 512);
  stat.st_atim = timespec_of(attributes.accessed);
  stat.st_mtim = timespec_of(attributes.modified);
  stat.st_ctim = timespec_of(attributes.changed);
  if (view.staged) {
    struct stat real{};
    const auto open = files.find(view.inode);
    const int failed =
        open != files.end() && open->second.staged
            ? ::fstat(open->second.staged->get(), &real)
            : ::fstatat(directory_.get(), ("f" + std::to_string(view.inode)).c_str(), &real, 0);
    if (failed != 0) return fail(EIO);
    stat.st_size = real.st_size;
    stat.st_blocks = real.st_blocks;
    // Its times are the staging file's: the kernel writes there, and its clock is finer than ours.
    stat.st_atim = real.st_atim;
    stat.st_mtim = real.st_mtim;
    stat.st_ctim = real.st_ctim;
  }
  // Others may have published something else by then.
  if (publishes()) answer.valid = kMoment;
  if (view.tier == hints::Tier::kEphemeral) {
    const bool grows = attributes.type == FileType::kRegular && ephemeral->grows(view.inode);
    answer.valid = grows ? storage_fuse::Timeout::zero() : kMoment;
    ephemeral->complete(view.inode, stat);
  }
  return answer;
}

Answer<storage_fuse::Node> AttemptFileSystem::Attempt::node_of(const View& view) {
  storage_fuse::Node node;
  node.id = node_of(view.inode);
  node.generation = 1 + options.number / kSlots;
  TRY(node.attributes, attributes_of(view));
  if (view.tier == hints::Tier::kEphemeral || publishes())
    node.name_valid = storage_fuse::Timeout::zero();
  overlay.hold(view.inode);
  return node;
}

}  // namespace storage_attempts
