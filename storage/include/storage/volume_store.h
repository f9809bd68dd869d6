// The volumes of one node: a btrfs file system for each tier, in an image file of the node's data
// directory, with a kernel-enforced quota on every volume. README.md of this folder has the layout.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hints/hints.h"
#include "storage/volume_provider.h"

namespace storage {

struct VolumeStoreOptions {
  std::filesystem::path directory;  // made when it is not there; one store at a time
  // Sizes of the images. They are sparse: a byte is taken from the disk when it is first used. An
  // image that is there already grows to its size and never shrinks. At least kImageBytesMin.
  // About nine tenths can be filled, the rest is the file system's own.
  std::int64_t durable_bytes = 16'000'000'000;
  std::int64_t ephemeral_bytes = 16'000'000'000;
  std::int64_t quota_bytes = 1'000'000'000;  // of a volume that does not ask for one
  std::int64_t quota_bytes_max = 4LL << 30;  // what a volume may ask for
  // What all volumes of one namespace may hold together in a tier, scratch ones too, kept by the
  // kernel. Absent: half of the tier, so that no namespace can fill it for the others.
  std::optional<std::int64_t> namespace_bytes;
  std::size_t namespace_volumes_max = 1000;      // in each tier, without those of one activation
  std::int64_t host_free_bytes_min = 256 << 20;  // below this, opening a volume is kNoSpace
  std::size_t walk_entries_max = 512;            // more in one tier: usage is not exact
};

inline constexpr std::int64_t kImageBytesMin = 128 << 20;

// A volume as it is stored, for people.
struct StoredVolume {
  std::string namespace_name;
  std::string name;
  hints::Tier tier = hints::Tier::kDurable;
  std::int64_t quota_bytes = 0;
  std::int64_t bytes = 0;  // sum of the sizes of its regular files
  std::int64_t files = 0;
  bool exact = true;  // false: too many files to count, the numbers are what was seen
};

// A file in a volume.
struct StoredPath {
  std::string namespace_name;
  std::string volume;
  hints::Tier tier = hints::Tier::kDurable;
  std::string path;  // relative to the volume's root in that tier
};

struct StoreState;

// Threads: any method from any thread.
// Life: nothing is visible in any mount namespace, and the kernel takes the file systems down when
// the last descriptor closes: when the store and every OpenVolume and mounted part are gone,
// however the process ended. Its descriptors are close-on-exec; a child that never calls exec must
// close them, or it keeps the images busy.
class VolumeStore final : public VolumeProvider {
 public:
  // Opens the store, making its images at the first start (needs mkfs.btrfs only then), and removes
  // what a killed predecessor left half made or of the lifetime of an activation.
  // Time: milliseconds; waits up to ten seconds for a predecessor's images to be let go.
  // Errors: kUnsupported with a sentence that says what this machine lacks and what to do;
  // kUnavailable when another process has the store open (named by pid) or sandboxes of an earlier
  // one still use it; kInvalidArgument for options that cannot be; kNoSpace.
  static base::Result<std::unique_ptr<VolumeStore>> open(const VolumeStoreOptions& options);

  ~VolumeStore() override;

  base::Result<std::unique_ptr<OpenVolume>> open(std::string_view namespace_name,
                                                 std::string_view activation_id,
                                                 const hints::Volume& volume, uid_t uid) override;

  // Every stored volume, by namespace and name. Reads every directory: slow for large volumes.
  base::Result<std::vector<StoredVolume>> list() const;

  // Removes both tiers of a volume. kNotFound when neither is there, kConflict while it is open.
  base::Status remove(std::string_view namespace_name, std::string_view volume);

  // Copies between a descriptor and a file of a volume that exists. Symbolic links are never
  // followed. copy_in makes the directories on the way, replaces the file in one step, gives it to
  // the owner of the volume and, in the durable tier, returns when it is safe. Give the bytes
  // copied. Errors: kNotFound for the volume or the file, kInvalidArgument for a path that leaves
  // the volume or is no regular file, kNoSpace for the quota.
  base::Result<std::int64_t> copy_in(int from_fd, const StoredPath& to);
  base::Result<std::int64_t> copy_out(const StoredPath& from, int to_fd) const;

  // Waits until nothing is queued for deletion any more.
  void drain();

 private:
  explicit VolumeStore(std::shared_ptr<StoreState> state);

  std::shared_ptr<StoreState> state_;
};

}  // namespace storage
