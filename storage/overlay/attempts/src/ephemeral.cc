#include "ephemeral.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "files.h"
#include "storage_ephemeral/spill.h"

namespace storage_attempts {
namespace {

using storage_ephemeral::FileId;
using storage_ephemeral::Lifetime;
using storage_ephemeral::Volume;
using storage_fuse::Opened;

constexpr storage_fuse::Handle kIsEphemeral = storage_fuse::Handle{1} << 40;
constexpr storage_fuse::Handle kWrites = storage_fuse::Handle{1} << 41;
constexpr std::size_t kPage = 1024;

int errno_of(const base::Status& status) {
  return status.ok() ? 0 : storage_attempts::errno_of(status.error());
}

Lifetime::Kind kind_of(hints::Lifetime::Kind kind) {
  switch (kind) {
    case hints::Lifetime::Kind::kActivation:
      return Lifetime::Kind::kActivation;
    case hints::Lifetime::Kind::kSession:
      return Lifetime::Kind::kSession;
    case hints::Lifetime::Kind::kTtl:
      return Lifetime::Kind::kTtl;
    case hints::Lifetime::Kind::kVolume:
      break;
  }
  return Lifetime::Kind::kVolume;
}

std::int64_t size_of(const base::UniqueFd& file) {
  struct stat stat{};
  return ::fstat(file.get(), &stat) == 0 ? stat.st_size : 0;
}

bool writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0; }

}  // namespace

int errno_of(const base::Error& error) {
  switch (error.code) {
    case base::ErrorCode::kNotFound:
      return ENOENT;
    case base::ErrorCode::kAlreadyExists:
      return EEXIST;
    case base::ErrorCode::kNoSpace:
      return ENOSPC;
    case base::ErrorCode::kConflict:
      return EBUSY;
    case base::ErrorCode::kInvalidArgument:
      return EINVAL;
    case base::ErrorCode::kUnavailable:
      return EAGAIN;
    default:
      return EIO;
  }
}

bool is_ephemeral(storage_fuse::Handle handle) { return (handle & kIsEphemeral) != 0; }

// --- Names.

EphemeralNames::EphemeralNames(const AttemptOptions& options)
    : volume_(options.ephemeral),
      ttl_(options.overlay.volume.lifetime.ttl),
      may_spill_(options.overlay.volume.spill),
      staging_(options.staging),
      budget_(options.ephemeral_budget) {
  const hints::Volume& volume = options.overlay.volume;
  like_.attempt = options.overlay.writer;
  like_.lifetime.kind = kind_of(volume.lifetime.kind);
  if (like_.lifetime.kind == Lifetime::Kind::kActivation) like_.lifetime.owner = like_.attempt;
  like_.seal = volume.seal == hints::Seal::kClose ? storage_ephemeral::SealWhen::kClose
                                                  : storage_ephemeral::SealWhen::kActivation;
  like_.copies = volume.copies > 1 ? 2 : 1;
}

namespace {

Entry entry_of(InodeNumber inode, storage::Attributes attributes, std::string target,
               std::uint32_t links) {
  Entry entry;
  entry.inode = inode;
  entry.attributes = std::move(attributes);
  entry.content.bytes = std::move(target);
  entry.links = links;
  return entry;
}

std::optional<Entry> entry_of(std::optional<storage_ephemeral::Look> look) {
  if (!look) return std::nullopt;
  return entry_of(look->inode, std::move(look->attributes), std::move(look->target), look->links);
}

}  // namespace

std::optional<Entry> EphemeralNames::find(const NameKey& key) const {
  return entry_of(volume_->look(key));
}

std::optional<Entry> EphemeralNames::find(InodeNumber inode) const {
  return entry_of(volume_->look(inode));
}

std::uint64_t EphemeralNames::size(InodeNumber inode) const {
  const auto size = volume_->size(inode);
  return size.ok() ? *size : 0;
}

Listing EphemeralNames::list(InodeNumber directory) const {
  Listing listing;
  for (std::string after;;) {
    auto page = volume_->list(directory, after, kPage);
    for (auto& [name, entry] : page) {
      auto& record = entry.record;
      listing.emplace_back(name, entry_of(entry.inode, std::move(record.attributes),
                                          std::move(record.target), entry.links));
    }
    if (page.size() < kPage) return listing;
    after = page.back().first;
  }
}

std::uint32_t EphemeralNames::subdirectories(InodeNumber directory) const {
  return volume_->subdirectories(directory);
}

int EphemeralNames::create(const NameKey& key, const Entry& entry) {
  storage_ephemeral::NewInode made = like_;
  made.inode = entry.inode;
  made.attributes = entry.attributes;
  made.target = entry.content.bytes;
  if (made.lifetime.kind == Lifetime::Kind::kTtl) made.lifetime.expires = file_time_now() + ttl_;
  const auto created = volume_->create(key, made);
  return created.ok() ? 0 : errno_of(created.error());
}

int EphemeralNames::link(InodeNumber inode, const NameKey& key) {
  return errno_of(volume_->link(inode, key));
}
int EphemeralNames::remove(const NameKey& key) { return errno_of(volume_->remove(key)); }
int EphemeralNames::rename(const NameKey& from, const NameKey& to) {
  return errno_of(volume_->rename(from, to));
}
int EphemeralNames::change(InodeNumber inode, const storage::Attributes& attributes) {
  return errno_of(volume_->set_attributes(inode, attributes));
}

// Ephemeral files are on the disk of the staging directories.
bool EphemeralNames::spills() const {
  struct statvfs disk{};
  if (!may_spill_ || ::statvfs(staging_.c_str(), &disk) != 0) return false;
  storage_ephemeral::SpillInput input;
  input.free_bytes = disk.f_bavail * disk.f_frsize;
  input.total_bytes = disk.f_blocks * disk.f_frsize;
  if (budget_ && budget_->left() < input.free_bytes) {
    input.free_bytes = budget_->left();
    input.total_bytes = budget_->bytes_max();
  }
  input.allowed = true;
  return storage_ephemeral::decide_spill(input) == storage_ephemeral::SpillDecision::kSpill;
}

// --- Open files.

EphemeralFiles::EphemeralFiles(const AttemptOptions& options,
                               std::shared_ptr<const std::atomic<bool>> passthrough)
    : volume_(options.ephemeral),
      passthrough_(std::move(passthrough)),
      name_(options.volume),
      attempt_(options.overlay.writer),
      visible_(options.overlay.volume.visible == hints::Visibility::kSealed
                   ? Volume::Visible::kSealed
                   : Volume::Visible::kWriting),
      node_(options.node),
      budget_(options.ephemeral_budget) {}

FileId EphemeralFiles::id_of(InodeNumber inode, Handle handle) const {
  return {name_, inode, static_cast<std::uint32_t>(handle)};
}

bool EphemeralFiles::other_version_is_open(const Key& key) const {
  for (auto at = open_.lower_bound({key.first, 0});
       at != open_.end() && at->first.first == key.first; ++at)
    if (at->first != key) return true;
  return false;
}

// The kernel knows one backing file per node: who opens another version than others have open reads
// and writes through us.
Opened EphemeralFiles::add(storage_ephemeral::OpenFile file, bool writes, bool here) {
  const Key key{file.file.inode, file.file.version};
  Opened opened;
  opened.no_flush = true;
  opened.handle = kIsEphemeral | file.file.version | (writes ? kWrites : 0);
  const auto entry = writes ? std::nullopt : volume_->get(key.first);
  const std::lock_guard lock(mutex_);
  const bool ours =
      writes || (entry && entry->record.attempt == attempt_ && entry->record.version == key.second);
  opened.direct_io = !*passthrough_ || (!ours && !file.complete) || other_version_is_open(key) ||
                     (writes && budget_);
  opened.backing.reset(::fcntl(file.backing.get(), F_DUPFD_CLOEXEC, 0));
  Version& version = open_[key];
  version.ours = ours;
  version.here = here;
  if (!version.backing)
    version.backing = std::make_shared<const base::UniqueFd>(std::move(file.backing));
  ++(writes ? version.writers : version.readers);
  return opened;
}

base::Result<Opened> EphemeralFiles::open_write(InodeNumber inode, bool truncate) {
  // A final file is written anew, beside the old bytes.
  const auto entry = budget_ && !truncate ? volume_->get(inode) : std::nullopt;
  if (entry && entry->record.state == storage_ephemeral::FileState::kSealed &&
      !budget_->take(entry->record.size))
    return base::error_from_errno(EDQUOT, "write an ephemeral file anew");
  TRY(auto file,
      volume_->open_write(inode, attempt_,
                          truncate ? Volume::Rewrite::kTruncate : Volume::Rewrite::kKeepBytes));
  return add(std::move(file), true, true);
}

bool EphemeralFiles::is_here(InodeNumber inode) const {
  const auto entry = volume_->get(inode);
  return entry && (entry->record.writer == node_ || entry->holders.contains(node_));
}

void EphemeralFiles::open(InodeNumber inode, int flags, Done<Opened> done) {
  if (!writes(flags))
    return volume_->open_read(
        inode, attempt_, visible_,
        [self = shared_from_this(), here = is_here(inode), done = std::move(done)](auto file) {
          if (!file.ok()) return done(std::move(file).error());
          done(self->add(std::move(*file), false, here));
        });
  auto opened = open_write(inode, (flags & O_TRUNC) != 0);
  if (opened.ok() || opened.error().code != base::ErrorCode::kUnavailable)
    return done(std::move(opened));
  // The old bytes are elsewhere.
  volume_->open_read(inode, attempt_, Volume::Visible::kSealed,
                     [self = shared_from_this(), inode, done = std::move(done)](auto file) {
                       if (!file.ok()) return done(std::move(file).error());
                       auto again = self->open_write(inode, false);
                       self->volume_->close_read(file->file);
                       done(std::move(again));
                     });
}

void EphemeralFiles::close(InodeNumber inode, Handle handle) {
  const FileId id = id_of(inode, handle);
  const bool wrote = (handle & kWrites) != 0;
  struct stat stat{};
  {
    const std::lock_guard lock(mutex_);
    const auto at = open_.find({inode, id.version});
    if (at == open_.end()) return;  // of an earlier process
    Version& version = at->second;
    if (::fstat(version.backing->get(), &stat) != 0) stat = {};
    auto& count = wrote ? version.writers : version.readers;
    if (count > 0) --count;
    if (wrote) {
      written_[inode] = stat.st_size;
    } else {
      (version.here ? read_.read_local_bytes : read_.read_remote_bytes) += stat.st_size;
    }
    if (version.readers == 0 && version.writers == 0) open_.erase(at);
  }
  if (!wrote) return volume_->close_read(id);
  // The kernel wrote without a word to us: now is the time to say when.
  volume_->close_write(id, {time_of(stat.st_mtim), time_of(stat.st_ctim)});
}

base::Result<EphemeralFiles::File> EphemeralFiles::file(InodeNumber inode, Handle handle) const {
  const std::lock_guard lock(mutex_);
  const auto at = open_.find({inode, static_cast<std::uint32_t>(handle)});
  if (at == open_.end())
    return base::Error{base::ErrorCode::kDataLoss, "opened by an earlier process"};
  return at->second.backing;
}

bool EphemeralFiles::is_ours(InodeNumber inode, Handle handle) const {
  const std::lock_guard lock(mutex_);
  const auto at = open_.find({inode, static_cast<std::uint32_t>(handle)});
  return at != open_.end() && at->second.ours;
}

void EphemeralFiles::read(InodeNumber inode, Handle handle, std::uint64_t offset, std::size_t bytes,
                          const std::function<void(std::function<void()>)>& on_interrupt,
                          Done<std::string> done) {
  auto known = file(inode, handle);
  if (!known.ok()) return done(std::move(known).error());
  const auto answer = [backing = *known, offset, done](std::uint64_t available) {
    std::string buffer(available, '\0');
    const ssize_t got =
        ::pread(backing->get(), buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (got < 0) return done(base::error_from_errno(errno, "read an ephemeral file"));
    buffer.resize(static_cast<std::size_t>(got));
    done(std::move(buffer));
  };
  if (is_ours(inode, handle)) return answer(bytes);
  const auto ticket =
      volume_->await_bytes(id_of(inode, handle), offset, bytes, [answer, done](auto available) {
        if (!available.ok()) return done(std::move(available).error());
        answer(*available);
      });
  on_interrupt([volume = volume_, ticket] { volume->cancel(ticket); });
}

int EphemeralFiles::write(InodeNumber inode, Handle handle, std::uint64_t offset,
                          std::string_view bytes) {
  const auto backing = file(inode, handle);
  if (!backing.ok()) return errno_of(backing.error());
  const int full = make_room(budget_.get(), (*backing)->get(), offset + bytes.size());
  return full != 0 ? full : write_at((*backing)->get(), bytes, offset);
}

int EphemeralFiles::resize(InodeNumber inode, std::uint64_t size) {
  const auto opened = open_write(inode, size == 0);
  if (!opened.ok()) return errno_of(opened.error());
  const auto backing = file(inode, opened->handle);
  int error = backing.ok() ? make_room(budget_.get(), (*backing)->get(), size) : 0;
  if (error == 0 && backing.ok() && ::ftruncate((*backing)->get(), static_cast<off_t>(size)) != 0)
    error = errno;
  close(inode, opened->handle);
  return error;
}

// What this attempt itself is still writing is taken as it is; all else when it is final.
void EphemeralFiles::bytes_of(InodeNumber inode, Done<File> done) {
  const auto entry = volume_->get(inode);
  const bool ours = entry && entry->record.attempt == attempt_;
  volume_->open_read(inode, attempt_, ours ? Volume::Visible::kWriting : Volume::Visible::kSealed,
                     [self = shared_from_this(), done = std::move(done)](auto file) {
                       if (!file.ok()) return done(std::move(file).error());
                       self->volume_->close_read(file->file);
                       done(std::make_shared<const base::UniqueFd>(std::move(file->backing)));
                     });
}

storage::TierTraffic EphemeralFiles::traffic() const {
  const std::lock_guard lock(mutex_);
  storage::TierTraffic traffic = read_;
  auto written = written_;
  for (const auto& [key, version] : open_) {
    const std::int64_t bytes = size_of(*version.backing);
    if (version.writers > 0) written[key.first] = bytes;
    if (version.readers > 0)
      (version.here ? traffic.read_local_bytes : traffic.read_remote_bytes) += bytes;
  }
  for (const auto& [inode, bytes] : written) traffic.written_bytes += bytes;
  return traffic;
}

bool EphemeralFiles::grows(InodeNumber inode) const {
  const auto writer = volume_->writer(inode);
  return writer && *writer != attempt_;
}

void EphemeralFiles::complete(InodeNumber inode, struct stat& stat) const {
  const std::lock_guard lock(mutex_);
  for (auto at = open_.lower_bound({inode, 0}); at != open_.end() && at->first.first == inode;
       ++at) {
    struct stat real{};
    if (at->second.writers == 0 || ::fstat(at->second.backing->get(), &real) != 0) continue;
    stat.st_size = real.st_size;
    stat.st_blocks = real.st_blocks;
    if (time_of(real.st_mtim) > time_of(stat.st_mtim)) stat.st_mtim = real.st_mtim;
    if (time_of(real.st_ctim) > time_of(stat.st_ctim)) stat.st_ctim = real.st_ctim;
  }
}

}  // namespace storage_attempts
