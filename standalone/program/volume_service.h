// Who serves the volumes of a platform, where nobody has said so.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace program {

// kImages: plain directories in images of this node. kStoraged: larder-storaged, which makes
// transactions of activations. kAuto: larder-storaged where it can run.
enum class VolumeService { kAuto, kImages, kStoraged };

struct VolumeChoice {
  VolumeService service = VolumeService::kStoraged;  // never kAuto
  std::string note;  // for the operator, where it is not what could be expected
};

// What kAuto means for the data directory `data_dir`, where larder-storaged `can` run or cannot.
// Volumes that are there stay where they are: the two services know nothing of each other's.
// Errors: kUnsupported where that leaves nothing.
base::Result<VolumeChoice> choose_volume_service(const std::filesystem::path& data_dir,
                                                 const base::Status& can);

// Tries whether larder-storaged can run here: a FUSE mount that is attached nowhere can be made and
// cloned. Errors: kUnsupported with what is missing.
base::Status try_storaged();

// In a data directory: the files of each service.
std::filesystem::path images_folder(const std::filesystem::path& data_dir);
std::filesystem::path storaged_folder(const std::filesystem::path& data_dir);

}  // namespace program
