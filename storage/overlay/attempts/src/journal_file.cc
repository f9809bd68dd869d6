#include "journal_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/check.h"
#include "files.h"

namespace storage_attempts {
namespace {

constexpr const char* kName = "journal";
constexpr const char* kNewName = "journal.new";
// More than one operation can say.
constexpr std::uint64_t kFrameBytesMax = 512 << 10;
constexpr std::uint64_t kRoomBytes = 1 << 20;

}  // namespace

base::Result<JournalFile::Opened> JournalFile::open(int directory) {
  Opened opened;
  JournalFile& file = opened.file;
  file.directory_ = directory;
  file.fd_.reset(::openat(directory, kName, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.fd_.valid()) return base::error_from_errno(errno, "open the journal of an attempt");
  TRY(opened.content, read_file(file.fd_.get()));
  file.bytes_ = opened.content.size();
  file.room_ = file.bytes_;
  return opened;
}

// Not every file system can promise room (tmpfs and btrfs can): then append() finds out.
int JournalFile::make_room() {
  if (bytes_ + kFrameBytesMax <= room_) return 0;
  const int failed = ::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(bytes_),
                                 static_cast<off_t>(kRoomBytes));
  if (failed != 0 && (errno == ENOSPC || errno == EDQUOT)) return errno;
  room_ = bytes_ + kRoomBytes;
  return 0;
}

void JournalFile::append(std::string_view frame) {
  // Room was made for it: what fails now is the disk itself, and nothing of ours can be trusted.
  CHECK(write_at(fd_.get(), frame, bytes_) == 0);
  bytes_ += frame.size();
}

base::Status JournalFile::cut(std::uint64_t bytes) {
  if (::ftruncate(fd_.get(), static_cast<off_t>(bytes)) != 0)
    return base::error_from_errno(errno, "cut the journal of an attempt");
  bytes_ = bytes;
  room_ = bytes;
  return {};
}

base::Status JournalFile::replace(std::string_view whole) {
  base::UniqueFd fd(::openat(directory_, kNewName, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd.valid()) return base::error_from_errno(errno, "make a journal");
  int error = write_at(fd.get(), whole, 0);
  if (error == 0 && ::renameat(directory_, kNewName, directory_, kName) != 0) error = errno;
  if (error != 0) {
    ::unlinkat(directory_, kNewName, 0);
    return base::error_from_errno(error, "write a journal anew");
  }
  fd_ = std::move(fd);
  bytes_ = whole.size();
  room_ = bytes_;
  return {};
}

}  // namespace storage_attempts
