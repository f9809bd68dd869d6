#include "gpu_session/images.h"

#include <algorithm>
#include <utility>

namespace gpu_session {

Image MemoryImages::find(const gpu_wire::Digest& digest) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(kept_, digest, &Kept::digest);
  if (found == kept_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, found);
  return found->image;
}

void MemoryImages::add(const gpu_wire::Digest& digest, Image image) {
  const std::lock_guard lock(mutex_);
  if (std::ranges::find(kept_, digest, &Kept::digest) != kept_.end()) return;
  bytes_ += image->size();
  kept_.push_front({digest, std::move(image)});
  // The newest stays however large it is: whoever sent it asks for it next.
  while (bytes_ > bytes_max_ && kept_.size() > 1) {
    bytes_ -= kept_.back().image->size();
    kept_.pop_back();
  }
}

}  // namespace gpu_session
