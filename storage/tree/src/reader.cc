#include "reader.h"

#include <algorithm>
#include <utility>

#include "storage/object_rules.h"

namespace storage_tree {
namespace {

constexpr std::size_t kPageKeysMax = 512;

// After all versions of this name, before the next name.
std::string after_name(const NameKey& key) { return versions_prefix(key) + std::string(9, '\xff'); }

// Takes over what was done in the directory after its entry was written.
base::Status add_steps(const storage::ObjectId& object, const std::string& key,
                       const std::string& value, CommitNumber number, Entry& entry) {
  const auto versions = decode<DirectoryVersions>(value);
  if (!versions) return damaged(object, key);
  const auto* version = version_at(*versions, number);
  // Older than what is kept: the oldest is the nearest.
  if (version == nullptr) return {};
  entry.links = static_cast<std::uint32_t>(entry.links + version->links);
  entry.attributes.modified = std::max(entry.attributes.modified, version->modified);
  entry.attributes.changed = std::max(entry.attributes.changed, version->modified);
  return {};
}

// The newer of the two is right: a file with one name left is written under its name again.
base::Status take_shared(const storage::ObjectId& object, const std::string& key,
                         const std::string& value, CommitNumber number, Entry& entry) {
  const auto versions = decode<InodeVersions>(value);
  if (!versions) return damaged(object, key);
  const auto* version = version_at(*versions, number);
  if (version == nullptr || version->number < entry.committed) return {};
  const CommitNumber committed = entry.committed;
  entry = version->entry;
  entry.committed = committed;
  return {};
}

}  // namespace

base::Result<std::optional<Entry>> Reader::stored(CommitNumber number, const NameKey& key) {
  const auto map = volume_.map();
  const std::string prefix = versions_prefix(key);
  const std::string& object = map->object_of(prefix);
  TRY(const auto page,
      volume_.store.omap_list(volume_.metadata(object), entry_key(key, number + 1), prefix, 1));
  if (page.entries.empty()) return std::optional<Entry>();
  const auto& [found, value] = *page.entries.begin();
  TRY(auto stored, decoded<StoredEntry>(volume_.metadata(object), found, value));
  const auto parsed = parse_entry_key(found);
  if (!parsed) return damaged(volume_.metadata(object), found);
  if (stored.entry) stored.entry->committed = parsed->number;
  return std::move(stored.entry);
}

base::Result<std::vector<NameVersion>> Reader::versions(const NameKey& key, std::size_t most) {
  const auto map = volume_.map();
  const std::string prefix = versions_prefix(key);
  const auto object = volume_.metadata(map->object_of(prefix));
  TRY(const auto page, volume_.store.omap_list(object, "", prefix, most));
  std::vector<NameVersion> versions;
  for (const auto& [found, value] : page.entries) {
    TRY(auto stored, decoded<StoredEntry>(object, found, value));
    const auto parsed = parse_entry_key(found);
    if (!parsed) return damaged(object, found);
    versions.push_back({parsed->number, std::move(stored.entry)});
  }
  return versions;
}

base::Result<std::map<NameKey, Entry>> Reader::stored(
    const std::map<NameKey, CommitNumber>& versions) {
  std::vector<std::string> keys;
  for (const auto& [key, number] : versions) keys.push_back(entry_key(key, number));
  std::map<NameKey, Entry> entries;
  if (keys.empty()) return entries;
  const auto map = volume_.map();
  TRY(const auto values, volume_.get(*map, keys));
  for (const auto& [key, number] : versions) {
    const auto found = values.find(entry_key(key, number));
    if (found == values.end()) continue;
    TRY(auto stored, decoded<StoredEntry>(volume_.metadata(map->object_of(found->first)),
                                          found->first, found->second));
    if (!stored.entry) continue;
    stored.entry->committed = number;
    entries.emplace(key, std::move(*stored.entry));
  }
  return entries;
}

base::Result<std::optional<Entry>> Reader::lookup(CommitNumber number, const NameKey& key) {
  TRY(auto entry, stored(number, key));
  if (entry) TRY_STATUS(complete(number, *volume_.map(), {&*entry}));
  return entry;
}

void Reader::learn(const Head& head) {
  const std::lock_guard lock(mutex_);
  shared_known_ = shared_known_ || head.shared > 0;
  unshared_ = std::max(unshared_, head.number);
}

// Inode records are rare: mostly the head that the snapshot was taken from says that there are
// none.
base::Result<bool> Reader::has_shared_inodes(CommitNumber number) {
  {
    const std::lock_guard lock(mutex_);
    if (shared_known_) return true;
    if (number <= unshared_) return false;
  }
  TRY(const auto state, volume_.state());
  learn(state.head);
  const std::lock_guard lock(mutex_);
  return shared_known_;
}

base::Status Reader::complete(CommitNumber number, const RangeMap& map,
                              std::vector<Entry*> entries) {
  std::vector<std::string> keys;
  bool files = false;
  const auto key_of = [](const Entry& entry) {
    return entry.attributes.type == storage::FileType::kDirectory ? directory_key(entry.inode)
                                                                  : inode_key(entry.inode);
  };
  for (const auto* entry : entries) {
    files = files || entry->attributes.type != storage::FileType::kDirectory;
  }
  bool shared = false;
  if (files) {
    TRY(shared, has_shared_inodes(number));
  }
  for (const auto* entry : entries) {
    if (entry->attributes.type == storage::FileType::kDirectory || shared) {
      keys.push_back(key_of(*entry));
    }
  }
  if (keys.empty()) return {};
  TRY(const auto values, volume_.get(map, keys));
  for (auto* entry : entries) {
    const auto found = values.find(key_of(*entry));
    if (found == values.end()) continue;
    const auto object = volume_.metadata(map.object_of(found->first));
    TRY_STATUS(entry->attributes.type == storage::FileType::kDirectory
                   ? add_steps(object, found->first, found->second, number, *entry)
                   : take_shared(object, found->first, found->second, number, *entry));
  }
  return {};
}

base::Result<Listing> Reader::list(CommitNumber number, InodeNumber directory,
                                   const std::string& after, std::size_t most) {
  const auto map = volume_.map();
  Listing listing;
  std::string position = after.empty() ? directory_key(directory) : after_name({directory, after});
  bool more = true;
  while (more && listing.names.size() <= most) {
    TRY_STATUS(list_page(number, directory, *map, position, most, listing.names, more));
  }
  listing.more = listing.names.size() > most;
  if (listing.more) listing.names.resize(most);
  std::vector<Entry*> entries;
  for (auto& [name, entry] : listing.names) entries.push_back(&entry);
  TRY_STATUS(complete(number, *map, std::move(entries)));
  return listing;
}

// Reads on from `after`, in the object that has what follows it. The newest version of a name that
// the snapshot sees comes before its older ones.
base::Status Reader::list_page(CommitNumber number, InodeNumber directory, const RangeMap& map,
                               std::string& after, std::size_t most, Names& names, bool& more) {
  const std::string prefix = directory_prefix(directory);
  const std::string object = map.object_of(after);
  const std::string end = map.end_of(after);
  TRY(const auto page, volume_.store.omap_list(volume_.metadata(object), after, prefix,
                                               std::min(most + 1, kPageKeysMax)));
  std::string seen = "/";  // a name that has been decided
  bool past_end = false;
  for (const auto& [key, value] : page.entries) {
    past_end = !end.empty() && key >= end;
    if (past_end) break;
    after = std::max(after, key);
    const auto parsed = parse_entry_key(key);
    if (!parsed) {
      if (parse_directory_key(key)) continue;
      return damaged(volume_.metadata(object), key);
    }
    if (parsed->key.name == seen || parsed->number > number) continue;
    seen = parsed->key.name;
    TRY(auto stored, decoded<StoredEntry>(volume_.metadata(object), key, value));
    // Older versions of this name need not be read.
    after = after_name(parsed->key);
    if (!stored.entry) continue;
    stored.entry->committed = parsed->number;
    names.emplace_back(parsed->key.name, std::move(*stored.entry));
    if (names.size() > most) return {};
  }
  if (!past_end && page.more) return {};
  // On to the next object, if the directory goes on there.
  more = !end.empty() && std::string_view(end).starts_with(prefix);
  if (more) after = end;
  return {};
}

}  // namespace storage_tree
