#include "storage/volume_store.h"

#include <fcntl.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <future>
#include <tuple>

#include "active_volume.h"
#include "base/sizes.h"
#include "file_copy.h"
#include "hints/capabilities.h"
#include "lock_file.h"
#include "storage/volume_name.h"
#include "store_state.h"

namespace storage {
namespace {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Result;
using base::Status;

constexpr std::size_t kListedEntriesMax = 10'000'000;

// The program checks hints when it reads them. Here again, because a promise that is not kept must
// never be made, whoever calls.
Status check_volume(const VolumeStoreOptions& options, std::string_view namespace_name,
                    const hints::Volume& volume) {
  if (volume.quota_bytes && *volume.quota_bytes <= 0) {
    return Error{ErrorCode::kInvalidArgument,
                 "volume '" + volume.name + "': quota must be more than 0 bytes"};
  }
  if (volume.quota_bytes && *volume.quota_bytes > options.quota_bytes_max) {
    return Error{ErrorCode::kInvalidArgument,
                 "volume '" + volume.name + "': quota must be at most " +
                     base::format_bytes(options.quota_bytes_max) + " here, and is " +
                     base::format_bytes(*volume.quota_bytes)};
  }
  hints::Hints asked;
  asked.volumes.push_back(volume);
  return hints::check(asked, hints::plain_directories(), namespace_name);
}

Status check_options(const VolumeStoreOptions& options) {
  if (std::min(options.durable_bytes, options.ephemeral_bytes) < kImageBytesMin) {
    return Error{ErrorCode::kInvalidArgument,
                 "the image of a tier needs at least " + std::to_string(kImageBytesMin) + " bytes"};
  }
  if (options.quota_bytes <= 0) {
    return Error{ErrorCode::kInvalidArgument, "the quota of volumes must be more than 0 bytes"};
  }
  if (options.quota_bytes > options.quota_bytes_max) {
    return Error{ErrorCode::kInvalidArgument, "volumes that ask for no quota would get " +
                                                  base::format_bytes(options.quota_bytes) +
                                                  ", and the most that one may have is " +
                                                  base::format_bytes(options.quota_bytes_max)};
  }
  if (options.namespace_bytes.value_or(1) <= 0 || options.namespace_volumes_max == 0) {
    return Error{ErrorCode::kInvalidArgument, "a namespace must be allowed to have volumes"};
  }
  return {};
}

Result<base::UniqueFd> make_directory(const std::filesystem::path& path) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return error_from_errno(errno, "making directory " + path.string());
  return fd;
}

// The images are sparse: what they promise may be more than the disk can give, and a file system
// whose disk is full loses writes that it took already. So volumes are refused some way before.
Status check_host_room(const StoreState& state) {
  struct statvfs room{};
  if (::fstatvfs(state.directory.get(), &room) != 0) {
    return error_from_errno(errno, "reading the free space below the volumes");
  }
  const auto free = static_cast<std::int64_t>(room.f_bavail * room.f_frsize);
  if (free >= state.options.host_free_bytes_min) return {};
  return Error{ErrorCode::kNoSpace,
               "the disk below the volumes has only " + std::to_string(free) + " bytes left"};
}

Result<std::unique_ptr<TierStore>> open_tier(const VolumeStoreOptions& options, hints::Tier tier) {
  const bool durable = tier == hints::Tier::kDurable;
  return TierStore::open({options.directory / (durable ? "durable.img" : "ephemeral.img"), tier,
                          durable ? options.durable_bytes : options.ephemeral_bytes,
                          CloneBy::kWhatWorks, options.namespace_bytes,
                          options.namespace_volumes_max});
}

StoredVolume describe(const TierStore& store, hints::Tier tier, const TierEntry& entry) {
  StoredVolume stored;
  stored.namespace_name = entry.namespace_name;
  stored.name = entry.name;
  stored.tier = tier;
  const auto opened = store.open_existing(entry.namespace_name, entry.name);
  if (!opened.ok()) {
    stored.exact = false;
    return stored;
  }
  const TreeSize size = measure_tree(opened->fd.get(), kListedEntriesMax);
  stored.quota_bytes = opened->quota_bytes;
  stored.bytes = size.bytes;
  stored.files = size.files;
  stored.exact = size.complete;
  return stored;
}

Result<Subvolume> find(const StoreState& state, const StoredPath& path) {
  TRY(const auto key, encode_key(path.namespace_name, path.volume));
  auto found = state.tier(path.tier).open_existing(key.namespace_name, key.name);
  if (!found.ok() && found.error().code == ErrorCode::kNotFound) {
    return Error{ErrorCode::kNotFound, "there is no volume '" + path.namespace_name + "/" +
                                           path.volume + "' with files of this tier"};
  }
  return found;
}

}  // namespace

VolumeStore::VolumeStore(std::shared_ptr<StoreState> state) : state_(std::move(state)) {}
VolumeStore::~VolumeStore() = default;

Result<std::unique_ptr<VolumeStore>> VolumeStore::open(const VolumeStoreOptions& options) {
  TRY_STATUS(check_options(options));
  auto state = std::make_shared<StoreState>();
  state->options = options;
  TRY(state->directory, make_directory(options.directory));
  TRY(state->lock, lock_file(options.directory / "lock"));
  // Side by side: making and mounting a file system is mostly waiting for the disk.
  auto durable = std::async(std::launch::async, open_tier, options, hints::Tier::kDurable);
  auto ephemeral = open_tier(options, hints::Tier::kEphemeral);
  TRY(state->durable, durable.get());
  TRY(state->ephemeral, std::move(ephemeral));
  state->trash = std::make_unique<TrashWorker>(*state->ephemeral);
  return std::unique_ptr<VolumeStore>(new VolumeStore(std::move(state)));
}

Result<std::unique_ptr<OpenVolume>> VolumeStore::open(std::string_view namespace_name,
                                                      std::string_view activation_id,
                                                      const hints::Volume& volume, uid_t uid) {
  TRY_STATUS(check_volume(state_->options, namespace_name, volume));
  TRY_STATUS(check_host_room(*state_));
  return ActiveVolume::open(state_, namespace_name, activation_id, volume, uid);
}

Result<std::vector<StoredVolume>> VolumeStore::list() const {
  std::vector<StoredVolume> listed;
  for (const auto tier : {hints::Tier::kDurable, hints::Tier::kEphemeral}) {
    for (const auto& entry : state_->tier(tier).list()) {
      auto stored = describe(state_->tier(tier), tier, entry);
      TRY(stored.namespace_name, decode_name(entry.namespace_name));
      TRY(stored.name, decode_name(entry.name));
      listed.push_back(std::move(stored));
    }
  }
  std::ranges::sort(listed, {}, [](const StoredVolume& stored) {
    return std::tie(stored.namespace_name, stored.name, stored.tier);
  });
  return listed;
}

Status VolumeStore::remove(std::string_view namespace_name, std::string_view volume) {
  TRY(const auto key, encode_key(namespace_name, volume));
  return state_->uses.when_unused(key, [&]() -> Status {
    bool found = false;
    for (const auto tier : {hints::Tier::kDurable, hints::Tier::kEphemeral}) {
      const auto removed = state_->tier(tier).remove(key.namespace_name, key.name);
      if (!removed.ok() && removed.error().code != ErrorCode::kNotFound) return removed;
      found = found || removed.ok();
    }
    if (found) return {};
    return Error{ErrorCode::kNotFound, "there is no volume '" + std::string(namespace_name) + "/" +
                                           std::string(volume) + "'"};
  });
}

Result<std::int64_t> VolumeStore::copy_in(int from_fd, const StoredPath& to) {
  TRY(const auto volume, find(*state_, to));
  TRY(const std::int64_t copied, copy_into_tree(from_fd, volume.fd.get(), to.path));
  if (to.tier == hints::Tier::kDurable) TRY_STATUS(state_->durable->sync());
  return copied;
}

Result<std::int64_t> VolumeStore::copy_out(const StoredPath& from, int to_fd) const {
  TRY(const auto volume, find(*state_, from));
  return copy_out_of_tree(volume.fd.get(), from.path, to_fd);
}

void VolumeStore::drain() { state_->trash->drain(); }

}  // namespace storage
