#include "storage/tree.h"

#include <sys/stat.h>

namespace storage {

mode_t type_bits(FileType type) {
  switch (type) {
    case FileType::kDirectory:
      return S_IFDIR;
    case FileType::kSymlink:
      return S_IFLNK;
    case FileType::kFifo:
      return S_IFIFO;
    case FileType::kSocket:
      return S_IFSOCK;
    case FileType::kRegular:
      break;
  }
  return S_IFREG;
}

std::optional<FileType> type_for_mknod(mode_t mode) {
  switch (mode & S_IFMT) {
    case 0:
    case S_IFREG:
      return FileType::kRegular;
    case S_IFIFO:
      return FileType::kFifo;
    case S_IFSOCK:
      return FileType::kSocket;
    default:
      return std::nullopt;
  }
}

}  // namespace storage
