#include "volumes.h"

#include <sys/random.h>

#include <array>

#include "grants.h"
#include "storage/volume_name.h"

namespace storage_daemon {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::Status;

constexpr std::size_t kPageMax = 500;

storage::ObjectId registry() { return {storage::Pool::kMetadata, "larder", "volumes"}; }

Result<VolumeName> name_of(const std::string& key) {
  const auto slash = key.find('/');
  if (slash == std::string::npos) {
    return Error{ErrorCode::kDataLoss, "the registry of volumes has a damaged key"};
  }
  VolumeName name;
  TRY(name.namespace_name, storage::decode_name(key.substr(0, slash)));
  TRY(name.name, storage::decode_name(key.substr(slash + 1)));
  return name;
}

Error unknown(const std::string& key) {
  return {ErrorCode::kNotFound, "there is no volume " + key};
}

}  // namespace

Result<std::string> key_of(const VolumeName& name) {
  TRY(std::string key, storage::encode_name(name.namespace_name));
  TRY(const std::string last, storage::encode_name(name.name));
  return key + "/" + last;
}

std::string random_name() {
  std::array<unsigned char, 16> bytes{};
  CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string name;
  for (const unsigned char byte : bytes) {
    name += kDigits[byte >> 4];
    name += kDigits[byte & 15];
  }
  return name;
}

Result<std::string> Volumes::find_space(const std::string& key) {
  auto page = store_.omap_get(registry(), {key});
  if (!page && page.error().code == ErrorCode::kNotFound) return unknown(key);
  if (!page) return std::move(page).error();
  if (page->entries.empty()) return unknown(key);
  return page->entries.begin()->second;
}

// Of two that make it at once, one wins and both have the winner's.
Result<std::string> Volumes::make_space(const std::string& key) {
  auto found = find_space(key);
  if (found || found.error().code != ErrorCode::kNotFound) return found;
  storage::ObjectWrite write;
  write.omap_equals = {{key, ""}};
  write.omap_set[key] = random_name();
  auto made = store_.write(registry(), std::move(write));
  if (!made && made.error().code != ErrorCode::kConflict) return std::move(made).error();
  return find_space(key);
}

Result<std::shared_ptr<Volume>> Volumes::open_space(const VolumeName& name,
                                                    const std::string& space, uid_t uid) {
  const std::lock_guard one(opening_);
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = open_.find(space); known != open_.end()) {
      spaces_[name] = space;
      return known->second;
    }
  }
  storage_tree::Options options;
  options.session = node_;
  options.lease = lease_;
  options.root_uid = uid;
  options.root_gid = uid;
  options.early_room = [room = room_] { room->ring(); };
  auto volume = std::make_shared<Volume>();
  volume->name = name;
  volume->space = space;
  TRY(volume->tree, storage_tree::Tree::open(store_, space, clock_, std::move(options)));
  TRY(volume->ephemeral, ephemeral_.attach(space));
  const std::lock_guard lock(mutex_);
  open_[space] = volume;
  spaces_[name] = space;
  return volume;
}

std::shared_ptr<Volume> Volumes::last_opened(const VolumeName& name) const {
  const std::lock_guard lock(mutex_);
  const auto space = spaces_.find(name);
  if (space == spaces_.end()) return nullptr;
  const auto known = open_.find(space->second);
  return known == open_.end() ? nullptr : known->second;
}

// kNotFound: the name leads elsewhere by now, or nowhere.
Status Volumes::unregister(const std::string& key, const std::string& space) {
  storage::ObjectWrite write;
  write.omap_equals = {{key, space}};
  write.omap_remove = {key};
  const auto removed = store_.write(registry(), std::move(write));
  if (!removed && removed.error().code == ErrorCode::kConflict) return unknown(key);
  if (!removed) return removed.error();
  return {};
}

// What is not marked and not there either is no removal while the registry leads to it.
Status Volumes::forget_removed(const Volume& volume) {
  TRY(const std::string key, key_of(volume.name));
  const auto marked = storage_tree::Tree::is_marked_removed(store_, volume.space);
  if (!marked && marked.error().code != ErrorCode::kNotFound) return marked.error();
  if (marked && *marked) {
    const Status gone = unregister(key, volume.space);
    if (!gone && gone.error().code != ErrorCode::kNotFound) return gone;
  }
  const auto found = find_space(key);
  if (!found && found.error().code != ErrorCode::kNotFound) return found.error();
  if (found && *found == volume.space) {
    return Error{ErrorCode::kDataLoss, "volume " + key + ": its objects are gone"};
  }
  const std::lock_guard lock(mutex_);
  open_.erase(volume.space);
  const auto known = spaces_.find(volume.name);
  if (known != spaces_.end() && known->second == volume.space) spaces_.erase(known);
  return {};
}

Result<std::shared_ptr<Volume>> Volumes::open_or_make(const VolumeName& name, uid_t uid) {
  TRY(const std::string key, key_of(name));
  TRY(const std::string space, make_space(key));
  return open_space(name, space, uid);
}

Result<std::shared_ptr<Volume>> Volumes::open(const VolumeName& name) {
  TRY(const std::string key, key_of(name));
  TRY(const std::string space, find_space(key));
  return open_space(name, space, 0);
}

Result<std::shared_ptr<Volume>> Volumes::reopen(const VolumeName& name, const std::string& space) {
  return open_space(name, space, 0);
}

Result<Volumes::Page> Volumes::list(const std::string& namespace_name, const std::string& after) {
  std::string prefix;
  if (!namespace_name.empty()) {
    TRY(prefix, storage::encode_name(namespace_name));
    prefix += "/";
  }
  auto found = store_.omap_list(registry(), after, prefix, kPageMax);
  if (!found && found.error().code == ErrorCode::kNotFound) return Page{};
  if (!found) return std::move(found).error();
  Page page;
  for (const auto& [key, space] : found->entries) {
    TRY(VolumeName name, name_of(key));
    page.names.push_back(std::move(name));
    page.spaces.push_back(space);
    if (found->more) page.after = key;
  }
  return page;
}

Result<std::set<std::string>> Volumes::spaces() {
  std::set<std::string> spaces;
  std::string after;
  do {
    TRY(const auto page, list("", after));
    spaces.insert(page.spaces.begin(), page.spaces.end());
    after = page.after;
  } while (!after.empty());
  return spaces;
}

Status Volumes::remove_objects(const std::string& space) {
  for (const storage::Pool pool : {storage::Pool::kMetadata, storage::Pool::kData}) {
    std::string cursor;
    do {
      TRY(const auto names, store_.list(pool, space, cursor, kPageMax));
      for (const std::string& name : names) {
        storage::ObjectWrite write;
        write.remove = true;
        auto removed = store_.write({pool, space, name}, std::move(write));
        if (!removed && removed.error().code != ErrorCode::kNotFound) {
          return std::move(removed).error();
        }
      }
    } while (!cursor.empty());
  }
  return {};
}

Status Volumes::remove(const VolumeName& name) {
  TRY(const std::string key, key_of(name));
  TRY(const std::string space, find_space(key));
  TRY_STATUS(storage_tree::Tree::mark_removed(store_, space));
  TRY_STATUS(unregister(key, space));
  TRY_STATUS(forget_grants(store_, key));
  {
    const std::lock_guard lock(mutex_);
    open_.erase(space);
    spaces_.erase(name);
  }
  TRY_STATUS(ephemeral_.remove(space));
  return remove_objects(space);
}

std::vector<std::shared_ptr<Volume>> Volumes::known() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Volume>> volumes;
  volumes.reserve(open_.size());
  for (const auto& [space, volume] : open_) volumes.push_back(volume);
  return volumes;
}

}  // namespace storage_daemon
