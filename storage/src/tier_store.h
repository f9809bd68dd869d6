// One tier's file system: volumes that last, and scratch volumes of single activations.
//
// Names given to it are encoded already (encode_name). In the file system:
//   volumes/NAMESPACE/NAME   a subvolume for each volume
//   scratch/ID-N             a subvolume for each activation that wanted one
//   new/N, trash/N           on their way in and out; emptied, as is scratch, when the tier opens
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "detached_mount.h"
#include "hints/hints.h"
#include "namespace_groups.h"
#include "tree_walk.h"

namespace storage {

struct TierStoreOptions {
  std::filesystem::path image;
  hints::Tier tier = hints::Tier::kDurable;
  std::int64_t bytes = 0;
  CloneBy clone_by = CloneBy::kWhatWorks;
  // What the volumes of one namespace hold together; absent: half of what all of them can.
  std::optional<std::int64_t> namespace_bytes = std::nullopt;
  std::size_t namespace_volumes_max = 1000;  // scratch ones do not count
};

// An open subvolume.
struct Subvolume {
  base::UniqueFd fd;
  std::uint64_t id = 0;
  std::int64_t quota_bytes = 0;
  std::string scratch_name;  // "" when it lasts
};

struct QuotaWish {
  std::optional<std::int64_t> bytes;  // absent: as it is
  std::int64_t bytes_when_new = 0;
};

struct TierEntry {
  std::string namespace_name;  // both encoded
  std::string name;
};

// Threads: any, for every method.
class TierStore {
 public:
  static base::Result<std::unique_ptr<TierStore>> open(const TierStoreOptions& options);

  // Opens a volume, made where it is missing, for `uid`, with the quota as wished: the latest wish
  // counts for everybody. kInvalidArgument where the namespace may have no more volumes.
  base::Result<Subvolume> open_or_make(const std::string& namespace_name, const std::string& name,
                                       const QuotaWish& quota, uid_t uid);
  // kNotFound where there is none.
  base::Result<Subvolume> open_existing(const std::string& namespace_name,
                                        const std::string& name) const;
  base::Result<Subvolume> make_scratch(const std::string& namespace_name,
                                       const std::string& activation, std::int64_t quota_bytes,
                                       uid_t uid);

  // Removes a scratch volume, or a volume; what was nested in it too.
  base::Status remove_scratch(const std::string& scratch_name);
  base::Status remove(const std::string& namespace_name, const std::string& name);
  // As btrfs.h.
  base::Status forget_quota_group(std::uint64_t subvolume) const;
  void begin_to_free() const;

  int root_fd() const { return mount_.root_fd(); }

  base::Result<base::UniqueFd> clone_tree(int directory_fd, bool read_only) const {
    return mount_.clone_tree(directory_fd, read_only);
  }

  // Puts everything written so far on the disk.
  base::Status sync() const;

  // The kernel's count of the bytes in use as of the last commit.
  base::Result<std::optional<std::int64_t>> used_bytes(std::uint64_t subvolume) const;

  std::vector<TierEntry> list() const;

 private:
  TierStore(DetachedMount mount, const TierStoreOptions& options);
  base::Status prepare();
  base::Status group_volumes();
  base::Result<Subvolume> make_in(int directory_fd, const std::string& name,
                                  const std::string& namespace_name, std::int64_t quota_bytes,
                                  uid_t uid);
  base::Status make_volume(const std::string& namespace_name, const std::string& name,
                           std::int64_t quota_bytes, uid_t uid);
  base::Status apply_quota(Subvolume& volume, const QuotaWish& quota) const;
  std::string next_name() { return std::to_string(next_.fetch_add(1)); }

  DetachedMount mount_;
  const std::size_t namespace_volumes_max_;
  NamespaceGroups groups_;
  std::mutex making_;  // held while a volume is made and put in place, so that none is miscounted
  base::UniqueFd volumes_;
  base::UniqueFd scratch_;
  base::UniqueFd new_;
  base::UniqueFd trash_;
  std::atomic<std::uint64_t> next_{0};
};

}  // namespace storage
