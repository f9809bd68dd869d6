#include "volume_service.h"

#include "storage_fuse/mount.h"

namespace program {

using base::Error;
using base::ErrorCode;

std::filesystem::path images_folder(const std::filesystem::path& data_dir) {
  return data_dir / "volumes";
}

std::filesystem::path storaged_folder(const std::filesystem::path& data_dir) {
  return data_dir / "storaged";
}

base::Result<VolumeChoice> choose_volume_service(const std::filesystem::path& data_dir,
                                                 const base::Status& can) {
  std::error_code ignored;
  const bool has_images = std::filesystem::exists(images_folder(data_dir) / "durable.img", ignored);
  const bool has_storaged = std::filesystem::exists(storaged_folder(data_dir) / "store", ignored);
  if (can && has_images && !has_storaged) {
    return VolumeChoice{VolumeService::kImages,
                        "the data directory has volumes in images, without transactions, and they "
                        "are used; --set volumes.provider=storaged begins with empty ones"};
  }
  if (can) return VolumeChoice{VolumeService::kStoraged, ""};
  const std::string& why = can.error().message;
  if (has_storaged && !has_images) {
    return Error{ErrorCode::kUnsupported,
                 "those in the data directory are larder-storaged's, which cannot run here: " +
                     why + "; --set volumes.provider=images begins with empty ones"};
  }
  return VolumeChoice{
      VolumeService::kImages,
      "directories without transactions, since larder-storaged cannot run here: " + why};
}

base::Status try_storaged() {
  TRY(const auto mount, storage_fuse::make_mount({}));
  TRY(const auto clone, storage_fuse::clone_directory(mount.tree.get(), "", false));
  return {};
}

}  // namespace program
