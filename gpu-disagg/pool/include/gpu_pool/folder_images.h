// Code images on the disk, by the digest of their bytes, for all sessions of a node.
//
// Sessions write into the folder themselves, and one may be a tenant's who broke out of his
// session. So nothing that is found there is believed: the digest is made anew at each reading, and
// what is not what its name says is removed.
//
// Threads: any; any number of processes. Errors: none; what cannot be kept is forgotten.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "gpu_session/images.h"

namespace gpu_pool {

class FolderImages final : public gpu_session::Images {
 public:
  // The folder exists. Images of more than `bytes_max` are not kept.
  FolderImages(std::filesystem::path folder, std::uint64_t bytes_max)
      : folder_(std::move(folder)), bytes_max_(bytes_max) {}

  gpu_session::Image find(const gpu_wire::Digest& digest) override;
  void add(const gpu_wire::Digest& digest, gpu_session::Image image) override;

 private:
  const std::filesystem::path folder_;
  const std::uint64_t bytes_max_;
};

// How many bytes of these images are there, as far as their names can be believed.
std::uint64_t known_bytes(const std::filesystem::path& folder,
                          std::span<const gpu_wire::Digest> digests);

// Removes what was not used for longest until no more than `bytes_max` are left. Gives what is
// left.
std::uint64_t prune(const std::filesystem::path& folder, std::uint64_t bytes_max);

}  // namespace gpu_pool
