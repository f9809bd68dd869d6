// An attempt's end: what it left, for a commit; and then nothing.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "attempt.h"
#include "base/text.h"

namespace storage_attempts {

void StagedFile::take(const struct stat& stat) {
  size = static_cast<std::uint64_t>(stat.st_size);
  accessed = time_of(stat.st_atim);
  modified = time_of(stat.st_mtim);
  changed = time_of(stat.st_ctim);
}

base::Result<base::UniqueFd> StagedFile::open() const {
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return base::error_from_errno(errno, "open a staging file");
  return fd;
}

// A file that is still open for writing is taken as it is now: its bytes may go on changing in the
// staging file.
base::Result<StagedFile> AttemptFileSystem::Attempt::staged_copy(InodeNumber inode) {
  const std::string name = "f" + std::to_string(inode);
  StagedFile file;
  file.inode = inode;
  file.path = options.staging.native() + "/" + name;
  struct stat stat{};
  if (::fstatat(directory_.get(), name.c_str(), &stat, 0) != 0)
    return base::error_from_errno(errno, "look at a staging file");
  file.take(stat);
  const auto open = files.find(inode);
  file.was_open = open != files.end() && open->second.writers > 0;
  if (!file.was_open) return file;
  file.name = overlay.path_of(inode);
  const std::string copy = "c" + std::to_string(inode);
  TRY_STATUS(copy_file(name, copy));
  file.path = options.staging.native() + "/" + copy;
  if (::fstatat(directory_.get(), copy.c_str(), &stat, 0) != 0)
    return base::error_from_errno(errno, "look at a copy of a staging file");
  file.size = static_cast<std::uint64_t>(stat.st_size);
  return file;
}

// Once: who asks again gets the bytes of the first time.
base::Status AttemptFileSystem::Attempt::copy_file(const std::string& from, const std::string& to) {
  const base::UniqueFd source = open_name(from, O_RDONLY);
  const base::UniqueFd copy = open_name(to, O_RDWR | O_CREAT | O_EXCL);
  if (!copy.valid() && errno == EEXIST) return {};
  const int error = source.valid() && copy.valid() ? clone_or_copy(source.get(), copy.get()) : EIO;
  if (error == 0) return {};
  ::unlinkat(directory_.get(), to.c_str(), 0);
  return base::error_from_errno(
      error, "copy a file that is open, in " + options.staging.native() + " of the node");
}

// Nobody was told but the attempt's end, so that must say which bound it was.
base::Error AttemptFileSystem::Attempt::lost_error(const storage::WriteSet& write) const {
  std::string what = "a file without a name";
  for (const auto& [key, entry] : write.names) {
    if (entry && entry->inode == lost->inode) what = base::quoted(key.name);
  }
  what += ": bytes that were written through a map are lost";
  if (lost->error == EDQUOT && options.staged_budget) {
    what += ": the volume's quota of " + std::to_string(options.staged_budget->bytes_max()) +
            " bytes is used up";
  } else {
    what += ", in " + options.staging.native();
  }
  return base::error_from_errno(lost->error, what);
}

bool AttemptFileSystem::Attempt::has_writers() const {
  return std::ranges::any_of(files, [](const auto& item) { return item.second.writers > 0; });
}

base::Result<Finished> AttemptFileSystem::Attempt::finish() {
  frozen = true;
  Finished finished;
  storage_overlay::Changes changes = overlay.changes([this](InodeNumber inode) {
    return publishes() ? bytes_of(inode) : storage_overlay::Bytes::kNew;
  });
  finished.read = std::move(changes.read);
  finished.write = std::move(changes.write);
  if (lost) return lost_error(finished.write);
  for (const auto& [inode, file] : files)
    if (auto path = overlay.path_of(inode); file.writers > 0 && !path.empty())
      finished.open.push_back(std::move(path));
  for (const InodeNumber inode : changes.staged) {
    TRY(StagedFile file, staged_copy(inode));
    finished.staged.push_back(std::move(file));
  }
  finished.set_times();
  written_bytes_ = 0;
  for (const StagedFile& file : finished.staged)
    *written_bytes_ += static_cast<std::int64_t>(file.size);
  return finished;
}

// Small ones are part of the commit itself.
std::vector<StagedFile> AttemptFileSystem::Attempt::written() {
  std::vector<StagedFile> found;
  if (frozen || publishes()) return found;
  std::erase_if(written_, [&](InodeNumber inode) {
    const auto open = files.find(inode);
    const bool is_open = open != files.end() && open->second.writers > 0;
    const std::string name = "f" + std::to_string(inode);
    struct stat stat{};
    if (::fstatat(directory_.get(), name.c_str(), &stat, 0) != 0) return !is_open;
    StagedFile file;
    file.inode = inode;
    file.path = options.staging.native() + "/" + name;
    file.was_open = is_open;
    if (is_open) file.kept = open->second.kept;
    file.take(stat);
    const std::uint64_t least = is_open ? storage::kDataObjectBytes : storage::kInlineBytesMax + 1;
    if (file.size >= least) found.push_back(std::move(file));
    return !is_open;
  });
  return found;
}

// Of a file that somebody may still write to, only the copy that was made for the commit. What the
// cache does not get it asks the store for.
void AttemptFileSystem::Attempt::keep(InodeNumber inode, const Content& content) {
  if (content.writer.empty() || content.size > system.cached_file_bytes_max) return;
  const auto adopt = [&](const std::string& name) {
    struct stat stat{};
    if (::fstatat(directory_.get(), name.c_str(), &stat, 0) != 0) return false;
    const bool whole = static_cast<std::uint64_t>(stat.st_size) == content.size;
    return whole && cache.adopt(options.volume, inode, content, directory_.get(), name).ok();
  };
  if (adopt("c" + std::to_string(inode)) || resumed) return;
  const auto open = files.find(inode);
  if (open == files.end() || open->second.writers == 0) adopt("f" + std::to_string(inode));
}

std::int64_t AttemptFileSystem::Attempt::written_bytes() const {
  if (written_bytes_) return *written_bytes_;
  std::int64_t bytes = 0;
  for (const InodeNumber inode : overlay.changes().staged) {
    if (publishes() && !is_dirty(inode)) continue;
    struct stat stat{};
    if (::fstatat(directory_.get(), ("f" + std::to_string(inode)).c_str(), &stat, 0) == 0)
      bytes += stat.st_size;
  }
  return bytes;
}

std::vector<storage::TierTraffic> AttemptFileSystem::Attempt::traffic() const {
  std::vector<storage::TierTraffic> all{moved};
  all.front().written_bytes += written_bytes() + publishing.bytes;
  if (!ephemeral) return all;
  const auto theirs = ephemeral->traffic();
  if (theirs != storage::TierTraffic{.tier = hints::Tier::kEphemeral}) all.push_back(theirs);
  return all;
}

void AttemptFileSystem::Attempt::drop() {
  frozen = true;
  dropped = true;
  files.clear();
  DIR* const listing = ::fdopendir(::openat(directory_.get(), ".", O_RDONLY | O_CLOEXEC));
  if (listing == nullptr) return;
  while (const dirent* item = ::readdir(listing))  // NOLINT(concurrency-mt-unsafe): ours alone
    if (item->d_name[0] != '.') ::unlinkat(directory_.get(), item->d_name, 0);
  ::closedir(listing);
}

}  // namespace storage_attempts
