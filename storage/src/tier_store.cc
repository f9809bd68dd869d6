#include "tier_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "btrfs.h"
#include "image.h"
#include "loop_device.h"
#include "safe_path.h"
#include "subvolume_removal.h"

namespace storage {
namespace {

using base::error_from_errno;
using base::ErrorCode;
using base::Result;
using base::Status;
using base::UniqueFd;

// The kernel's limit counts what a volume's own directories and inodes take too, and reserves more
// than it uses. With this on top, a volume of files that add up to its quota fits.
constexpr std::int64_t kMetadataAllowanceBytes = 256 << 10;

// More than any image: no limit, and room to add the allowance.
constexpr std::int64_t kQuotaBytesMax = std::int64_t{1} << 60;

constexpr std::chrono::seconds kPredecessorWait{10};

std::int64_t limit_of(std::int64_t quota_bytes) {
  return std::min(quota_bytes, kQuotaBytesMax) + kMetadataAllowanceBytes;
}

// Ephemeral files are overwritten in place, which is faster. Durable ones are checksummed, which
// needs copy on write.
//
// The kernel frees what was removed at the latest when it commits the next time.
const char* mount_options(hints::Tier tier) {
  return tier == hints::Tier::kDurable ? "discard=async,commit=5"
                                       : "discard=async,commit=5,nodatacow";
}

const char* label_of(hints::Tier tier) {
  return tier == hints::Tier::kDurable ? "larder-durable" : "larder-ephemeral";
}

Result<UniqueFd> keep_directory(int root_fd, const char* name) {
  if (::mkdirat(root_fd, name, 0700) != 0 && errno != EEXIST) {
    return error_from_errno(errno, std::string("making ") + name);
  }
  UniqueFd fd(::openat(root_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return error_from_errno(errno, std::string("opening ") + name);
  return fd;
}

Result<UniqueFd> open_directory(int parent_fd, const std::string& name) {
  UniqueFd fd(::openat(parent_fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return error_from_errno(errno, "opening '" + name + "'");
  return fd;
}

TierBounds bounds_of(const TierStoreOptions& options) {
  const std::int64_t all = usable_bytes(options.bytes);
  return {all, options.namespace_bytes.value_or(all / 2)};
}

std::vector<std::string> names_in(int directory_fd) {
  std::vector<std::string> names;
  for_each_entry(directory_fd, [&](const char* name) { names.emplace_back(name); });
  return names;
}

Status give_to(const Subvolume& volume, uid_t uid) {
  struct stat info{};
  if (::fstat(volume.fd.get(), &info) != 0) return error_from_errno(errno, "reading a volume");
  if (info.st_uid == uid && info.st_gid == uid) return {};
  return change_owner(volume.fd.get(), uid);
}

}  // namespace

TierStore::TierStore(DetachedMount mount, const TierStoreOptions& options)
    : mount_(std::move(mount)),
      namespace_volumes_max_(options.namespace_volumes_max),
      groups_(mount_.root_fd(), bounds_of(options)) {}

Result<std::unique_ptr<TierStore>> TierStore::open(const TierStoreOptions& options) {
  TRY(const Image image, open_image(options.image, options.bytes, label_of(options.tier)));
  TRY_STATUS(
      wait_until_detached(image.fd.get(), std::chrono::steady_clock::now() + kPredecessorWait));
  TRY(const LoopDevice device, attach_loop_device(image.fd.get()));
  TRY(auto mount,
      DetachedMount::mount_btrfs(device.path, mount_options(options.tier), options.clone_by));
  std::unique_ptr<TierStore> store(new TierStore(std::move(mount), options));
  TRY_STATUS(enable_quotas(store->mount_.root_fd()));
  if (image.grown) TRY_STATUS(grow_to_device(store->mount_.root_fd()));
  TRY_STATUS(store->prepare());
  return store;
}

Status TierStore::prepare() {
  const std::array<std::pair<const char*, UniqueFd*>, 4> kept{
      {{"volumes", &volumes_}, {"scratch", &scratch_}, {"new", &new_}, {"trash", &trash_}}};
  for (const auto& [name, fd] : kept) {
    TRY(*fd, keep_directory(mount_.root_fd(), name));
  }
  for (const int fd : {scratch_.get(), new_.get(), trash_.get()}) {
    for (const auto& name : names_in(fd)) {
      // What cannot be removed takes space and is in nobody's way: no reason not to start.
      static_cast<void>(remove_subvolume(fd, name).ok());
    }
  }
  storage::begin_to_free(mount_.root_fd());
  return group_volumes();
}

// Every time: the bounds may be other ones than at the last start.
Status TierStore::group_volumes() {
  TRY_STATUS(groups_.prepare());
  for (const auto& [namespace_name, name] : list()) {
    TRY(const UniqueFd parent, open_directory(volumes_.get(), namespace_name));
    TRY(const UniqueFd volume, open_directory(parent.get(), name));
    TRY(const std::uint64_t id, subvolume_id(volume.get()));
    TRY_STATUS(groups_.add(namespace_name, parent.get(), id));
  }
  return {};
}

Result<Subvolume> TierStore::make_in(int directory_fd, const std::string& name,
                                     const std::string& namespace_name, std::int64_t quota_bytes,
                                     uid_t uid) {
  TRY(const UniqueFd parent, keep_directory(volumes_.get(), namespace_name.c_str()));
  TRY(UniqueFd fd, create_subvolume(directory_fd, name));
  TRY_STATUS(set_limit(fd.get(), limit_of(quota_bytes)));
  if (::fchmod(fd.get(), 0700) != 0 || ::fchown(fd.get(), uid, uid) != 0) {
    return error_from_errno(errno, "giving a new volume to its owner");
  }
  TRY(const std::uint64_t id, subvolume_id(fd.get()));
  // Last: a namespace or a tier that is full can still have new volumes, and make room afterwards.
  TRY_STATUS(groups_.add(namespace_name, parent.get(), id));
  return Subvolume{std::move(fd), id, quota_bytes, ""};
}

Status TierStore::make_volume(const std::string& namespace_name, const std::string& name,
                              std::int64_t quota_bytes, uid_t uid) {
  TRY(const UniqueFd parent, keep_directory(volumes_.get(), namespace_name.c_str()));
  const std::lock_guard lock(making_);
  if (names_in(parent.get()).size() >= namespace_volumes_max_) {
    return base::Error{ErrorCode::kInvalidArgument,
                       "the namespace has " + std::to_string(namespace_volumes_max_) +
                           " volumes already, which is as many as it may have here; remove some"};
  }
  const std::string half_made = next_name();
  const auto made = make_in(new_.get(), half_made, namespace_name, quota_bytes, uid);
  // Complete or not there at all, whenever the process ends.
  int failure = 0;
  if (made.ok() && ::renameat2(new_.get(), half_made.c_str(), parent.get(), name.c_str(),
                               RENAME_NOREPLACE) == 0) {
    return {};
  }
  if (made.ok()) failure = errno;
  Status removed = remove_subvolume(new_.get(), half_made);
  if (!made.ok()) return made.error();
  if (failure != EEXIST) return error_from_errno(failure, "putting a new volume in place");
  return removed;  // another activation made it first
}

Result<Subvolume> TierStore::open_existing(const std::string& namespace_name,
                                           const std::string& name) const {
  TRY(const UniqueFd parent, open_directory(volumes_.get(), namespace_name));
  TRY(UniqueFd fd, open_directory(parent.get(), name));
  TRY(const std::uint64_t id, subvolume_id(fd.get()));
  TRY(const auto limit, read_limit(mount_.root_fd(), id));
  const std::int64_t quota = limit ? *limit - kMetadataAllowanceBytes : 0;
  return Subvolume{std::move(fd), id, quota, ""};
}

Status TierStore::apply_quota(Subvolume& volume, const QuotaWish& quota) const {
  if (!quota.bytes || *quota.bytes == volume.quota_bytes) return {};
  TRY_STATUS(set_limit(volume.fd.get(), limit_of(*quota.bytes)));
  volume.quota_bytes = *quota.bytes;
  return {};
}

Result<Subvolume> TierStore::open_or_make(const std::string& namespace_name,
                                          const std::string& name, const QuotaWish& quota,
                                          uid_t uid) {
  auto found = open_existing(namespace_name, name);
  if (!found.ok()) {
    if (found.error().code != ErrorCode::kNotFound) return found;
    TRY_STATUS(make_volume(namespace_name, name, quota.bytes.value_or(quota.bytes_when_new), uid));
    found = open_existing(namespace_name, name);
    if (!found.ok()) return found;
  }
  TRY_STATUS(apply_quota(*found, quota));
  TRY_STATUS(give_to(*found, uid));
  return found;
}

Result<Subvolume> TierStore::make_scratch(const std::string& namespace_name,
                                          const std::string& activation, std::int64_t quota_bytes,
                                          uid_t uid) {
  const std::string name = activation.substr(0, 128) + "-" + next_name();
  auto made = make_in(scratch_.get(), name, namespace_name, quota_bytes, uid);
  if (!made.ok()) {
    // What is left of it goes when the tier opens next, should this fail too.
    static_cast<void>(remove_subvolume(scratch_.get(), name).ok());
    return made;
  }
  made->scratch_name = name;
  return made;
}

Status TierStore::remove_scratch(const std::string& scratch_name) {
  return remove_subvolume(scratch_.get(), scratch_name);
}

Status TierStore::remove(const std::string& namespace_name, const std::string& name) {
  TRY(const UniqueFd parent, open_directory(volumes_.get(), namespace_name));
  const std::string discarded = next_name();
  // Out of sight in one step: a removal that is cut short is finished when the tier opens next.
  if (::renameat(parent.get(), name.c_str(), trash_.get(), discarded.c_str()) != 0) {
    return error_from_errno(errno, "removing volume '" + name + "'");
  }
  TRY_STATUS(remove_subvolume(trash_.get(), discarded));
  return sync_and_free(mount_.root_fd());
}

Status TierStore::forget_quota_group(std::uint64_t subvolume) const {
  return storage::forget_quota_group(mount_.root_fd(), subvolume);
}

void TierStore::begin_to_free() const { storage::begin_to_free(mount_.root_fd()); }

Status TierStore::sync() const {
  if (::syncfs(mount_.root_fd()) == 0) return {};
  return error_from_errno(errno, "writing volumes to the disk");
}

Result<std::optional<std::int64_t>> TierStore::used_bytes(std::uint64_t subvolume) const {
  return read_used(mount_.root_fd(), subvolume);
}

std::vector<TierEntry> TierStore::list() const {
  std::vector<TierEntry> entries;
  for (const auto& namespace_name : names_in(volumes_.get())) {
    const auto directory = open_directory(volumes_.get(), namespace_name);
    if (!directory.ok()) continue;  // removed meanwhile
    for (auto& name : names_in(directory->get())) {
      entries.push_back({namespace_name, std::move(name)});
    }
  }
  return entries;
}

}  // namespace storage
