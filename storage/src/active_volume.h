// A volume of this node in use by one activation.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/volume_plan.h"
#include "store_state.h"

namespace storage {

class ActiveVolume final : public OpenVolume {
 public:
  // As VolumeProvider::open; `volume` has been found to be supported.
  static base::Result<std::unique_ptr<OpenVolume>> open(std::shared_ptr<StoreState> state,
                                                        std::string_view namespace_name,
                                                        std::string_view activation_id,
                                                        const hints::Volume& volume, uid_t uid);
  ~ActiveVolume() override;

  std::vector<VolumePart> take_parts() override;
  base::Result<VolumeReport> finish(bool succeeded) override;

 private:
  struct Tree {
    Subvolume subvolume;
    TierUsage usage;
  };

  ActiveVolume(std::shared_ptr<StoreState> state, VolumeKey key, const hints::Volume& volume,
               uid_t uid);
  base::Status open_trees(std::string_view activation_id);
  base::Status open_tree_of(hints::Tier tier, std::string_view activation_id);
  base::Status make_places(const std::vector<PlannedPart>& plan);
  base::Status clone_parts(const std::vector<PlannedPart>& plan);
  const Tree* tree_of(hints::Tier tier) const;
  base::Status sync_durable() const;
  void release();

  std::shared_ptr<StoreState> state_;
  VolumeKey key_;
  hints::Volume volume_;
  uid_t uid_;
  std::vector<Tree> trees_;  // one for each tier in use, that of the volume itself first
  std::vector<VolumePart> parts_;
  bool released_ = false;
};

}  // namespace storage
