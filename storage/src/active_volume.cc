#include "active_volume.h"

#include <fcntl.h>

#include "safe_path.h"
#include "storage/volume_name.h"

namespace storage {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::Status;

struct Measured {
  std::int64_t bytes = 0;
  std::optional<std::int64_t> files;
};

// Walks what is small; for the rest takes the kernel's word.
Result<Measured> measure(const TierStore& store, const Subvolume& subvolume,
                         std::size_t entries_max) {
  const TreeSize size = measure_tree(subvolume.fd.get(), entries_max);
  if (size.complete) return Measured{size.bytes, size.files};
  TRY(const auto used, store.used_bytes(subvolume.id));
  return Measured{used.value_or(size.bytes), std::nullopt};
}

}  // namespace

ActiveVolume::ActiveVolume(std::shared_ptr<StoreState> state, VolumeKey key,
                           const hints::Volume& volume, uid_t uid)
    : state_(std::move(state)), key_(std::move(key)), volume_(volume), uid_(uid) {
  state_->uses.add(key_);
}

ActiveVolume::~ActiveVolume() { release(); }

Result<std::unique_ptr<OpenVolume>> ActiveVolume::open(std::shared_ptr<StoreState> state,
                                                       std::string_view namespace_name,
                                                       std::string_view activation_id,
                                                       const hints::Volume& volume, uid_t uid) {
  TRY(auto key, encode_key(namespace_name, volume.name));
  std::unique_ptr<ActiveVolume> active(
      new ActiveVolume(std::move(state), std::move(key), volume, uid));
  const auto opened = active->open_trees(activation_id);
  if (!opened.ok()) {
    return Error{opened.error().code, "volume '" + volume.name + "': " + opened.error().message};
  }
  return std::unique_ptr<OpenVolume>(std::move(active));
}

Status ActiveVolume::open_trees(std::string_view activation_id) {
  TRY(const auto plan, plan_parts(volume_));
  for (const auto& part : plan) {
    if (tree_of(part.tier) == nullptr) TRY_STATUS(open_tree_of(part.tier, activation_id));
  }
  TRY_STATUS(make_places(plan));
  return clone_parts(plan);
}

Status ActiveVolume::open_tree_of(hints::Tier tier, std::string_view activation_id) {
  auto& store = state_->tier(tier);
  const bool scratch = tier == hints::Tier::kEphemeral &&
                       volume_.lifetime.kind == hints::Lifetime::Kind::kActivation;
  const std::int64_t quota_when_new = volume_.quota_bytes.value_or(state_->options.quota_bytes);
  Tree tree;
  if (scratch) {
    TRY(const auto activation, encode_name(activation_id));
    TRY(tree.subvolume, store.make_scratch(key_.namespace_name, activation, quota_when_new, uid_));
    tree.usage = {tier, tree.subvolume.quota_bytes, 0, 0, 0, true};
  } else {
    TRY(tree.subvolume, store.open_or_make(key_.namespace_name, key_.name,
                                           {volume_.quota_bytes, quota_when_new}, uid_));
    TRY(const auto before, measure(store, tree.subvolume, state_->options.walk_entries_max));
    tree.usage = {tier,         tree.subvolume.quota_bytes, before.bytes, before.bytes,
                  before.files, before.files.has_value()};
  }
  trees_.push_back(std::move(tree));
  return {};
}

const ActiveVolume::Tree* ActiveVolume::tree_of(hints::Tier tier) const {
  for (const auto& tree : trees_) {
    if (tree.usage.tier == tier) return &tree;
  }
  return nullptr;
}

// A nested part needs its directory in its own tier, as what is mounted, and in the other one, as
// the place where.
Status ActiveVolume::make_places(const std::vector<PlannedPart>& plan) {
  for (const auto& part : plan) {
    if (part.target.empty()) continue;
    for (const auto& tree : trees_) {
      const auto made = make_directories(tree.subvolume.fd.get(), part.target, uid_);
      if (!made.ok()) {
        return Error{made.error().code, "rule '" + part.target + "/**': " + made.error().message};
      }
    }
  }
  return {};
}

Status ActiveVolume::clone_parts(const std::vector<PlannedPart>& plan) {
  for (const auto& part : plan) {
    const Tree* tree = tree_of(part.tier);
    const std::string at = part.target.empty() ? "." : part.target;
    TRY(const auto directory, open_beneath(tree->subvolume.fd.get(), at, O_RDONLY | O_DIRECTORY));
    TRY(auto clone, state_->tier(part.tier).clone_tree(directory.get(), volume_.read_only));
    parts_.push_back(VolumePart{part.target, std::move(clone), part.tier, volume_.read_only});
  }
  return {};
}

std::vector<VolumePart> ActiveVolume::take_parts() { return std::exchange(parts_, {}); }

Status ActiveVolume::sync_durable() const {
  if (volume_.read_only || tree_of(hints::Tier::kDurable) == nullptr) return {};
  return state_->durable->sync();
}

Result<VolumeReport> ActiveVolume::finish(bool succeeded) {
  if (released_) {
    return Error{ErrorCode::kInvalidArgument, "volume '" + volume_.name + "' is finished already"};
  }
  const auto synced = succeeded ? sync_durable() : Status();
  if (!synced.ok()) {
    return Error{synced.error().code, "volume '" + volume_.name + "': " + synced.error().message};
  }
  VolumeReport report{volume_.name,     volume_.path,      trees_.front().usage.tier,
                      volume_.lifetime, volume_.read_only, {}};
  for (auto& tree : trees_) {
    TRY(const auto after,
        measure(state_->tier(tree.usage.tier), tree.subvolume, state_->options.walk_entries_max));
    tree.usage.bytes_after = after.bytes;
    tree.usage.files = after.files;
    tree.usage.exact = tree.usage.exact && after.files.has_value();
    report.tiers.push_back(tree.usage);
  }
  release();
  return report;
}

void ActiveVolume::release() {
  if (std::exchange(released_, true)) return;
  parts_.clear();
  for (auto& tree : trees_) {
    tree.subvolume.fd.reset();
    if (tree.subvolume.scratch_name.empty()) continue;
    state_->trash->discard(std::move(tree.subvolume.scratch_name), tree.subvolume.id);
  }
  trees_.clear();
  state_->uses.drop(key_);
}

}  // namespace storage
