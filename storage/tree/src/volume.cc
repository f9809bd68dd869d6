#include "volume.h"

#include <algorithm>
#include <future>
#include <thread>
#include <utility>

#include "storage/object_rules.h"

namespace storage_tree {
namespace {

constexpr std::size_t kPageKeys = 1000;
constexpr unsigned kMapLoadsMax = 16;
constexpr std::chrono::microseconds kPauseLeast{500};
constexpr unsigned kPauseDoublingsMax = 6;

std::uint64_t seed_of(const Options& options) {
  if (options.seed) return *options.seed;
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

Volume::Volume(storage::ObjectStore& objects, std::string volume_space,
               const base::Clock& volume_clock, Options volume_options)
    : store(objects),
      space(std::move(volume_space)),
      clock(volume_clock),
      options(std::move(volume_options)),
      random_(seed_of(options)) {}

storage::ObjectId Volume::metadata(const std::string& name) const {
  return {storage::Pool::kMetadata, space, name};
}

storage::ObjectId Volume::data(const std::string& name) const {
  return {storage::Pool::kData, space, name};
}

FileTime Volume::wall() const { return clock.wall(); }

base::Result<VolumeState> Volume::state(std::vector<std::string> keys,
                                        const std::function<void()>& meanwhile) {
  keys.emplace_back(kHeadKey);
  TRY(auto page, meanwhile ? get_while(std::move(keys), meanwhile)
                           : store.omap_get(volume_object(), std::move(keys)));
  VolumeState state;
  state.values = std::move(page.entries);
  state.raw_head = state.raw(kHeadKey);
  TRY(state.head, decoded<Head>(volume_object(), kHeadKey, state.raw_head));
  return state;
}

base::Result<storage::OmapPage> Volume::get_while(std::vector<std::string> keys,
                                                  const std::function<void()>& meanwhile) {
  using Page = base::Result<storage::OmapPage>;
  const auto promise = std::make_shared<std::promise<Page>>();
  auto answer = promise->get_future();
  store.omap_get(volume_object(), std::move(keys),
                 [promise](Page page) { promise->set_value(std::move(page)); });
  meanwhile();
  return answer.get();
}

base::Status Volume::write(const storage::ObjectId& object, storage::ObjectWrite change) {
  auto written = store.write(object, std::move(change));
  if (!written.ok()) return std::move(written).error();
  return {};
}

base::Result<KeyValues> Volume::get(const RangeMap& map, const std::vector<std::string>& keys) {
  std::map<std::string, std::vector<std::string>> by_object;
  for (const auto& key : keys) by_object[map.object_of(key)].push_back(key);
  KeyValues values;
  for (auto& [object, part] : by_object) {
    TRY(auto page, store.omap_get(metadata(object), std::move(part)));
    values.merge(page.entries);
  }
  return values;
}

base::Result<KeyValues> Volume::list_all(const std::string& object, const std::string& prefix) {
  KeyValues values;
  std::string after;
  for (;;) {
    TRY(auto page, store.omap_list(metadata(object), after, prefix, kPageKeys));
    if (!page.entries.empty()) after = page.entries.rbegin()->first;
    const bool more = page.more && !page.entries.empty();
    values.merge(page.entries);
    if (!more) return values;
  }
}

std::shared_ptr<const RangeMap> Volume::map() const {
  const std::lock_guard lock(mutex_);
  return map_;
}

base::Result<std::shared_ptr<const RangeMap>> Volume::map(std::uint64_t version) {
  auto known = map();
  if (known->version == version) return known;
  TRY(auto loaded, load_map());
  auto fresh = std::make_shared<const RangeMap>(std::move(loaded));
  const std::lock_guard lock(mutex_);
  if (fresh->version > map_->version) {
    maps_.push_back(map_);
    map_ = std::move(fresh);
  }
  return map_;
}

// A split between two pages would tear it: the version must be the same before and after.
base::Result<RangeMap> Volume::load_map() {
  for (unsigned attempt = 0; attempt < kMapLoadsMax; ++attempt) {
    TRY(const auto before, state());
    TRY(const auto listed, list_all(kVolumeObject, kRanges));
    TRY(const auto after, state());
    if (before.head.map_version != after.head.map_version) continue;
    RangeMap map;
    map.version = after.head.map_version;
    for (const auto& [key, value] : listed) {
      TRY(map.objects[key.substr(1)], decoded<std::string>(volume_object(), key, value));
    }
    return map;
  }
  return base::Error{base::ErrorCode::kUnavailable,
                     "the ranges of volume " + space + " change all the time"};
}

std::uint64_t Volume::oldest_map() const {
  const std::lock_guard lock(mutex_);
  std::erase_if(maps_, [](const auto& map) { return map.expired(); });
  std::uint64_t oldest = map_->version;
  for (const auto& weak : maps_) {
    if (const auto map = weak.lock()) oldest = std::min(oldest, map->version);
  }
  return oldest;
}

std::uint64_t Volume::random() {
  const std::lock_guard lock(mutex_);
  return random_();
}

void Volume::pause(unsigned attempt) {
  const auto most = kPauseLeast * (1U << std::min(attempt, kPauseDoublingsMax));
  const std::chrono::nanoseconds wait(
      random() % static_cast<std::uint64_t>(std::chrono::nanoseconds(most).count()) + 1);
  if (options.pause) return options.pause(wait);
  std::this_thread::sleep_for(wait);
}

base::Error damaged(const storage::ObjectId& object, const std::string& key) {
  return {base::ErrorCode::kDataLoss, "object " + storage::to_string(object) + ": the value of \"" +
                                          printable(key) + "\" is damaged"};
}

bool is_conflict(const base::Status& status) {
  return !status.ok() && status.error().code == base::ErrorCode::kConflict;
}

bool is_unknown(const base::Error& error) {
  return error.code == base::ErrorCode::kUnavailable ||
         error.code == base::ErrorCode::kDeadlineExceeded;
}

std::string printable(std::string_view bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string result;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    if (value >= 0x20 && value < 0x7f && byte != '\\') {
      result += byte;
    } else {
      (result += "\\x").append({kDigits[value >> 4], kDigits[value & 15]});
    }
  }
  return result;
}

}  // namespace storage_tree
