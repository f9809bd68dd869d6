#include "store_state.h"

#include "storage/volume_name.h"

namespace storage {

base::Result<VolumeKey> encode_key(std::string_view namespace_name, std::string_view name) {
  TRY(auto encoded_namespace, encode_name(namespace_name));
  TRY(auto encoded_name, encode_name(name));
  return VolumeKey{std::move(encoded_namespace), std::move(encoded_name)};
}

void UseCounts::add(const VolumeKey& key) {
  const std::lock_guard lock(mutex_);
  ++counts_[key];
}

void UseCounts::drop(const VolumeKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(key);
  if (found != counts_.end() && --found->second == 0) counts_.erase(found);
}

base::Status UseCounts::when_unused(const VolumeKey& key,
                                    const std::function<base::Status()>& action) {
  const std::lock_guard lock(mutex_);
  if (const auto found = counts_.find(key); found != counts_.end()) {
    return base::Error{base::ErrorCode::kConflict,
                       "volume '" + key.namespace_name + "/" + key.name + "' is open in " +
                           std::to_string(found->second) + " activation(s)"};
  }
  return action();
}

}  // namespace storage
