// Code images by the digest of their bytes, shared by sessions.
//
// Threads: any method from any thread. Nothing fails: a store that cannot keep an image forgets it.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "gpu_wire/digest.h"

namespace gpu_session {

using Image = std::shared_ptr<const std::vector<std::byte>>;

class Images {
 public:
  virtual ~Images() = default;

  // Null when there is none.
  virtual Image find(const gpu_wire::Digest& digest) = 0;
  // `digest` was checked to be that of the bytes.
  virtual void add(const gpu_wire::Digest& digest, Image image) = 0;
};

// In memory, up to so many bytes; what was not used for longest goes first.
class MemoryImages final : public Images {
 public:
  explicit MemoryImages(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  Image find(const gpu_wire::Digest& digest) override;
  void add(const gpu_wire::Digest& digest, Image image) override;

 private:
  struct Kept {
    gpu_wire::Digest digest;
    Image image;
  };

  const std::size_t bytes_max_;
  std::mutex mutex_;      // guards what follows
  std::list<Kept> kept_;  // the latest used first
  std::size_t bytes_ = 0;
};

}  // namespace gpu_session
