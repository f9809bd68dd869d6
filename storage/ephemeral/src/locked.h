// The volume's mutex, and what is to be done when it is free again.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "volume_impl.h"

namespace storage_ephemeral {

class VolumeImpl::Locked {
 public:
  explicit Locked(VolumeImpl& volume) : volume_(volume), lock_(volume.mutex_) {}
  ~Locked() {
    volume_.follow_changes(*this);
    lock_.unlock();
    for (const auto& action : later_) action();
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

  void later(std::function<void()> action) { later_.push_back(std::move(action)); }

 private:
  VolumeImpl& volume_;
  std::unique_lock<std::mutex> lock_;
  std::vector<std::function<void()>> later_;
};

}  // namespace storage_ephemeral
