#include "journal_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "files.h"

namespace storage_attempts {
namespace {

constexpr const char* kName = "journal";
constexpr const char* kNewName = "journal.new";
// More than one operation can say.
constexpr std::uint64_t kFrameBytesMax = 512 << 10;
constexpr std::uint64_t kRoomBytes = 1 << 20;

}  // namespace

void JournalFile::Unmap::operator()(char* map) const { ::munmap(map, size); }

base::Result<JournalFile::Opened> JournalFile::open(int directory) {
  Opened opened;
  JournalFile& file = opened.file;
  file.directory_ = directory;
  const int fd = ::openat(directory, kName, O_RDWR | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return opened;
  if (fd < 0) return base::error_from_errno(errno, "open the journal of an attempt");
  file.fd_.reset(fd);
  TRY(opened.content, read_file(file.fd_.get()));
  file.bytes_ = opened.content.size();
  return opened;
}

int JournalFile::make_room() {
  if (ended_) return ENOSPC;
  return bytes_ + kFrameBytesMax <= size() ? 0 : grow(bytes_ + kRoomBytes);
}

// Allocated, not only sized: a full disk is an error here, and not a signal later.
int JournalFile::grow(std::uint64_t size) {
  if (!fd_.valid()) fd_.reset(::openat(directory_, kName, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd_.valid()) return errno;
  if (const int error = ::posix_fallocate(fd_.get(), 0, static_cast<off_t>(size)); error != 0)
    return error;
  void* const map = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
  if (map == MAP_FAILED) return errno;
  map_ = {static_cast<char*>(map), Unmap{size}};
  return 0;
}

void JournalFile::append(std::string_view frame) {
  // Room was made for what changes something. What is only learnt may be the first to find none:
  // nothing changes any more, then, since a journal with a gap would tell a successor lies.
  if (ended_) return;
  ended_ = bytes_ + frame.size() > size() && grow(bytes_ + frame.size() + kRoomBytes) != 0;
  if (ended_) return;
  std::memcpy(map_.get() + bytes_, frame.data(), frame.size());
  bytes_ += frame.size();
}

base::Status JournalFile::cut(std::uint64_t bytes) {
  map_.reset();
  if (::ftruncate(fd_.get(), static_cast<off_t>(bytes)) != 0)
    return base::error_from_errno(errno, "cut the journal of an attempt");
  bytes_ = bytes;
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
  map_.reset();
  fd_ = std::move(fd);
  bytes_ = whole.size();
  ended_ = false;
  return {};
}

}  // namespace storage_attempts
