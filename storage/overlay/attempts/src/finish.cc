// An attempt's end: what it left, for a commit; and then nothing.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "attempt.h"

namespace storage_attempts {

// A file that is still open for writing is taken as it is now: its bytes may go on changing in the
// staging file.
base::Result<StagedFile> AttemptFileSystem::Attempt::staged_copy(InodeNumber inode) {
  const std::string name = "f" + std::to_string(inode);
  StagedFile file;
  file.inode = inode;
  file.fd = open_name(name, O_RDWR);
  if (!file.fd.valid()) return base::error_from_errno(errno, "open a staging file");
  const auto open = files.find(inode);
  file.was_open = open != files.end() && open->second.writers > 0;
  if (file.was_open) {
    base::UniqueFd copy(::openat(directory_.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!copy.valid()) return base::error_from_errno(errno, "copy a file that is open");
    if (const int error = clone_or_copy(file.fd.get(), copy.get()); error != 0)
      return base::error_from_errno(error, "copy a file that is open");
    file.fd = std::move(copy);
  }
  struct stat stat{};
  if (::fstat(file.fd.get(), &stat) != 0) return base::error_from_errno(errno, "a staging file");
  file.size = static_cast<std::uint64_t>(stat.st_size);
  return file;
}

base::Result<Finished> AttemptFileSystem::Attempt::finish() {
  frozen = true;
  Finished finished;
  storage_overlay::Changes changes = overlay.changes();
  finished.read = std::move(changes.read);
  finished.write = std::move(changes.write);
  for (const InodeNumber inode : changes.staged) {
    TRY(StagedFile file, staged_copy(inode));
    finished.staged_bytes += file.size;
    finished.staged.push_back(std::move(file));
    const auto view = overlay.view(inode);
    if (!view.ok()) continue;
    const auto now = attributes_of(*view);
    if (now.ok()) finished.set_times(inode, now->stat);
  }
  return finished;
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
