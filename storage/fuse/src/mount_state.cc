#include "mount_state.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace storage_fuse {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Result;
using base::UniqueFd;

Result<UniqueFd> MountState::make() {
  UniqueFd fd(::memfd_create("larder-mount-state", MFD_CLOEXEC));
  if (!fd.valid() || ::ftruncate(fd.get(), sizeof(StateLayout)) != 0) {
    return error_from_errno(errno, "making the memory of a mount");
  }
  // All else begins as zeroes, and untouched pages take no memory.
  const std::uint64_t magic = StateLayout::kMagic;
  if (::pwrite(fd.get(), &magic, sizeof magic, 0) != sizeof magic) {
    return error_from_errno(errno, "writing the memory of a mount");
  }
  return fd;
}

Result<MountState> MountState::map(int fd) {
  const off_t size = ::lseek(fd, 0, SEEK_END);
  if (size != static_cast<off_t>(sizeof(StateLayout))) {
    return Error{ErrorCode::kDataLoss, "the memory of the mount is not of this version"};
  }
  void* at = ::mmap(nullptr, sizeof(StateLayout), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) return error_from_errno(errno, "mapping the memory of a mount");
  MountState state(static_cast<StateLayout*>(at));
  if (state->magic != StateLayout::kMagic) {
    return Error{ErrorCode::kDataLoss, "the memory of the mount is not of this version"};
  }
  return state;
}

MountState::~MountState() {
  if (layout_ != nullptr) ::munmap(layout_, sizeof(StateLayout));
}

}  // namespace storage_fuse
