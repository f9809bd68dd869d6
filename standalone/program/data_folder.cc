#include "data_folder.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <string>

#include "volume_service.h"

namespace program {

base::Result<DataFolder> DataFolder::take(const std::filesystem::path& path) {
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (failed) return base::error_from_errno(failed.value(), "data directory " + path.string());
  const std::string file = path / "lock";
  base::UniqueFd lock(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return base::error_from_errno(errno, "opening " + file);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return DataFolder(path, std::move(lock));
  if (errno != EWOULDBLOCK) return base::error_from_errno(errno, "locking " + file);
  return base::Error{base::ErrorCode::kAlreadyExists,
                     "another platform uses the data directory " + path.string() +
                         ": stop it, or choose another one with --data-dir"};
}

void DataFolder::clear() const {
  std::error_code ignored;
  for (const char* name : {"entities.db", "activations.db"}) {
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::filesystem::remove(path_ / (std::string(name) + suffix), ignored);
    }
  }
  std::filesystem::remove_all(images_folder(path_), ignored);
  std::filesystem::remove_all(storaged_folder(path_), ignored);
}

}  // namespace program
