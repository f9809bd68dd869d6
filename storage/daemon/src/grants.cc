#include "grants.h"

#include <map>
#include <utility>

#include "base/text.h"
#include "storage/volume_name.h"

namespace storage_daemon {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::Status;

constexpr std::size_t kGrantsAtOnce = 500;
constexpr std::size_t kGrantsMax = 10'000;  // of one volume
constexpr std::string_view kReadOnly = "ro ";
constexpr std::string_view kWritable = "rw ";

storage::ObjectId object() { return {storage::Pool::kMetadata, "larder", "grants"}; }

Result<std::string> key_of(const VolumeName& name, const std::string& namespace_name) {
  TRY(const std::string volume, key_of(name));
  TRY(const std::string other, storage::encode_name(namespace_name));
  return volume + "/" + other;
}

// Nothing: it was of another volume with that name.
Result<std::optional<Grant>> grant_from(const std::string& namespace_name,
                                        const std::string& stored, const std::string& space) {
  const bool read_only = stored.starts_with(kReadOnly);
  if (!read_only && !stored.starts_with(kWritable)) {
    return Error{ErrorCode::kDataLoss, "what a volume is shared with is damaged in the store"};
  }
  if (stored.substr(kReadOnly.size()) != space) return std::optional<Grant>();
  return std::optional(Grant{namespace_name, read_only});
}

// Keys and values behind "KEY/".
Result<std::map<std::string, std::string>> stored_grants(storage::ObjectStore& store,
                                                         const std::string& key) {
  std::map<std::string, std::string> all;
  for (std::string after; all.size() < kGrantsMax;) {
    auto page = store.omap_list(object(), after, key + "/", kGrantsAtOnce);
    if (!page && page.error().code == ErrorCode::kNotFound) break;
    if (!page) return std::move(page).error();
    if (!page->entries.empty()) after = page->entries.rbegin()->first;
    const bool more = page->more && !page->entries.empty();
    all.merge(page->entries);
    if (!more) break;
  }
  return all;
}

Status change(storage::ObjectStore& store, storage::ObjectWrite write) {
  auto written = store.write(object(), std::move(write));
  if (written || written.error().code == ErrorCode::kNotFound) return {};
  return std::move(written).error();
}

}  // namespace

Status forget_grants(storage::ObjectStore& store, const std::string& key) {
  TRY(const auto stored, stored_grants(store, key));
  if (stored.empty()) return {};
  storage::ObjectWrite write;
  for (const auto& [name, value] : stored) write.omap_remove.push_back(name);
  return change(store, std::move(write));
}

Status Volumes::share(const VolumeName& name, const Grant& grant) {
  TRY(const std::string volume, key_of(name));
  TRY(const std::string key, key_of(name, grant.namespace_name));
  if (grant.namespace_name == name.namespace_name) {
    return Error{ErrorCode::kInvalidArgument,
                 "a volume is its own namespace's already: name another one"};
  }
  TRY(const std::string space, find_space(volume));
  storage::ObjectWrite write;
  write.omap_set[key] = std::string(grant.read_only ? kReadOnly : kWritable) + space;
  return change(store_, std::move(write));
}

Status Volumes::unshare(const VolumeName& name, const std::string& namespace_name) {
  TRY(const std::string key, key_of(name, namespace_name));
  TRY(const auto grant, grant_of(name, namespace_name));
  if (!grant) {
    return Error{ErrorCode::kNotFound, "the volume is not shared with " +
                                           base::quoted(namespace_name) + ", or there is none"};
  }
  storage::ObjectWrite write;
  write.omap_remove = {key};
  return change(store_, std::move(write));
}

Result<std::vector<Grant>> Volumes::grants(const VolumeName& name) {
  TRY(const std::string key, key_of(name));
  TRY(const std::string space, find_space(key));
  TRY(const auto stored, stored_grants(store_, key));
  std::vector<Grant> grants;
  for (const auto& [grant_key, value] : stored) {
    TRY(const std::string other, storage::decode_name(grant_key.substr(key.size() + 1)));
    TRY(const auto grant, grant_from(other, value, space));
    if (grant) grants.push_back(*grant);
  }
  return grants;
}

Result<std::optional<Grant>> Volumes::grant_of(const VolumeName& name,
                                               const std::string& namespace_name) {
  TRY(const std::string volume, key_of(name));
  TRY(const std::string key, key_of(name, namespace_name));
  auto space = find_space(volume);
  if (!space && space.error().code == ErrorCode::kNotFound) return std::optional<Grant>();
  if (!space) return std::move(space).error();
  auto page = store_.omap_get(object(), {key});
  if (!page && page.error().code == ErrorCode::kNotFound) return std::optional<Grant>();
  if (!page) return std::move(page).error();
  if (page->entries.empty()) return std::optional<Grant>();
  return grant_from(namespace_name, page->entries.begin()->second, *space);
}

}  // namespace storage_daemon
