#include "fsck.h"

#include <algorithm>

#include "bytes.h"
#include "storage/object_rules.h"

namespace storage_tree {
namespace {

using Kind = Finding::Kind;
using storage::FileType;

constexpr std::size_t kPageKeys = 1000;
constexpr std::size_t kPageNames = 1000;
const std::string kLostAndFound = "lost+found.";

std::string describe(const NameKey& key) {
  return "\"" + printable(key.name) + "\" in directory " + std::to_string(key.directory);
}

bool is_directory(const Entry& entry) { return entry.attributes.type == FileType::kDirectory; }

}  // namespace

void Fsck::found(Kind kind, std::string what, bool repaired) {
  report_.findings.push_back({kind, std::move(what), repaired});
}

base::Result<FsckReport> Fsck::run() {
  TRY_STATUS(list_objects());
  TRY(const auto before, volume_.state());
  if (before.head.applied < before.head.number) {
    found(Kind::kUnfinished,
          "commits after " + std::to_string(before.head.applied) + " were not carried out", true);
  }
  TRY(const auto state, log_.settled());
  TRY(const auto map, volume_.map(state.head.map_version));
  TRY_STATUS(read_log(state.head));
  for (const auto& [start, object] : map->objects) {
    known_metadata_.insert(object);
    TRY_STATUS(read_range(object, start, map->end_of(start)));
  }
  TRY_STATUS(check_directories());
  check_inodes();
  TRY_STATUS(check_data());
  TRY_STATUS(check_metadata_objects());
  return std::move(report_);
}

base::Status Fsck::list_objects() {
  for (const auto pool : {storage::Pool::kData, storage::Pool::kMetadata}) {
    std::string cursor;
    do {
      TRY(auto names, volume_.store.list(pool, volume_.space, cursor, kPageNames));
      (pool == storage::Pool::kData ? data_ : metadata_).insert(names.begin(), names.end());
    } while (!cursor.empty());
  }
  return {};
}

// What is stored and not part of the tree, for a reason.
base::Status Fsck::read_log(const Head& head) {
  TRY(const auto uploads, volume_.list_all(kVolumeObject, kUploads));
  for (const auto& [key, value] : uploads) {
    const auto end = key.find('\0');
    if (end == std::string::npos) continue;
    const auto inode = unsortable(std::string_view(key).substr(end + 1));
    if (inode) expected_.emplace(*inode, key.substr(1, end - 1));
  }
  TRY(const auto deletions, volume_.list_all(kVolumeObject, kDeletions));
  for (const auto& [key, value] : deletions) {
    const auto inode = unsortable(std::string_view(key).substr(1, 8));
    if (inode) expected_.emplace(*inode, key.substr(9));
  }
  for (const auto* kind : {kNewShards, kOldRanges}) {
    TRY(const auto shards, volume_.list_all(kVolumeObject, kind));
    for (const auto& [key, value] : shards) {
      known_metadata_.insert(key.substr(1, key.find('\0') - 1));
    }
  }
  // The log itself must be readable, or commits cannot be checked against it.
  TRY(const auto commits, volume_.list_all(kVolumeObject, kCommits));
  CommitNumber next = head.horizon + 1;
  for (const auto& [key, value] : commits) {
    if (!decode<storage_tree::Commit>(value)) {
      found(Kind::kDamaged, damaged(volume_.volume_object(), key).message);
    }
    if (key < commit_key(next)) continue;  // it went meanwhile
    if (key != commit_key(next++)) {
      found(Kind::kDamaged, "the log has no commit " + std::to_string(next - 1));
      break;
    }
  }
  return {};
}

base::Status Fsck::read_range(const std::string& object, const std::string& start,
                              const std::string& end) {
  const std::string first = std::max(start, std::string(kTreeKeys));
  TRY(const auto head, volume_.store.omap_get(volume_.metadata(object), {first}));
  for (const auto& [key, value] : head.entries) read_key(object, key, value);
  std::string after = first;
  for (bool more = true; more;) {
    TRY(const auto page, volume_.store.omap_list(volume_.metadata(object), after, "", kPageKeys));
    more = page.more && !page.entries.empty();
    for (const auto& [key, value] : page.entries) {
      after = key;
      if (!end.empty() && key >= end) return {};
      read_key(object, key, value);
    }
  }
  return {};
}

void Fsck::read_key(const std::string& object, const std::string& key, const std::string& value) {
  const auto bad = [&] {
    damaged_ = true;
    found(Kind::kDamaged, damaged(volume_.metadata(object), key).message);
  };
  if (const auto parsed = parse_entry_key(key)) {
    auto stored = decode<StoredEntry>(value);
    if (!stored) return bad();
    const bool newest = !last_seen_ || last_key_ != parsed->key;
    last_key_ = parsed->key;
    last_seen_ = true;
    if (!stored->entry) return;
    refer(*stored->entry, false);
    if (newest) add_entry(parsed->key, parsed->number, std::move(*stored->entry));
  } else if (const auto directory = parse_directory_key(key)) {
    const auto versions = decode<DirectoryVersions>(value);
    if (!versions || versions->empty()) return bad();
    done_in_[*directory] = versions->front();
  } else if (const auto inode = parse_inode_key(key)) {
    const auto versions = decode<InodeVersions>(value);
    if (!versions || versions->empty()) return bad();
    add_shared(*inode, *versions);
  } else {
    bad();
  }
}

void Fsck::add_entry(const NameKey& key, CommitNumber number, Entry entry) {
  entry.committed = number;
  entry.content.bytes.clear();
  entry.attributes.xattrs.clear();
  ++(is_directory(entry) ? report_.directories : report_.files);
  of_inode_[entry.inode].push_back(names_.size());
  names_.push_back({key, std::move(entry)});
}

void Fsck::add_shared(InodeNumber inode, const InodeVersions& versions) {
  for (const auto& version : versions) refer(version.entry, false);
  shared_[inode] = versions.front();
}

void Fsck::refer(const Entry& entry, bool now) {
  if (entry.content.objects.empty()) return;
  const DataFile file{entry.inode, entry.content.writer};
  referred_ever_.insert(file);
  if (now) referred_[file] = entry.content.objects;
}

base::Status Fsck::check_directories() {
  std::map<InodeNumber, std::int64_t> subdirectories;
  std::map<InodeNumber, InodeNumber> parents;
  std::set<InodeNumber> with_names;
  for (const auto& [key, entry] : names_) {
    if (key.directory != 0) with_names.insert(key.directory);
    if (!is_directory(entry)) continue;
    parents[entry.inode] = key.directory;
    ++subdirectories[key.directory];
  }
  for (const auto directory : with_names) {
    if (parents.contains(directory)) continue;
    if (repair_ && !damaged_) TRY_STATUS(relink(directory));
    found(Kind::kUnreachable, "no name leads to directory " + std::to_string(directory),
          repair_ && !damaged_);
  }
  // A circle has a parent everywhere and the root nowhere.
  std::set<InodeNumber> rooted{storage::kRootInode};
  for (const auto& [inode, parent] : parents) {
    std::vector<InodeNumber> way;
    InodeNumber at = inode;
    while (!rooted.contains(at) && parents.contains(at) && way.size() <= parents.size()) {
      way.push_back(at);
      at = parents[at];
    }
    if (way.size() > parents.size()) {
      found(Kind::kUnreachable, "directory " + std::to_string(inode) + " is in itself");
    } else {
      rooted.insert(way.begin(), way.end());
    }
  }
  for (const auto& [key, entry] : names_) {
    if (!is_directory(entry)) continue;
    const auto done = done_in_.find(entry.inode);
    const std::int64_t links = entry.links + (done == done_in_.end() ? 0 : done->second.links);
    const std::int64_t wanted = 2 + subdirectories[entry.inode];
    if (links == wanted) continue;
    const bool mend = repair_ && !damaged_;
    if (mend) TRY_STATUS(mend_links(entry.inode, wanted - links));
    found(Kind::kWrongLinks,
          describe(key) + " has " + std::to_string(links) + " links instead of " +
              std::to_string(wanted),
          mend);
  }
  return {};
}

base::Status Fsck::relink(InodeNumber directory) {
  Entry entry;
  entry.inode = directory;
  entry.attributes.type = FileType::kDirectory;
  entry.attributes.permissions = 0700;
  entry.attributes.accessed = entry.attributes.modified = entry.attributes.changed = volume_.wall();
  entry.links = 2;
  for (const auto& [key, child] : names_) {
    if (key.directory == directory && is_directory(child)) ++entry.links;
  }
  if (const auto done = done_in_.find(directory); done != done_in_.end()) {
    entry.links = static_cast<std::uint32_t>(entry.links - done->second.links);
  }
  storage::WriteSet write;
  write.writer = "fsck-" + std::to_string(volume_.random());
  write.names[{storage::kRootInode, kLostAndFound + std::to_string(directory)}] = entry;
  write.directories[storage::kRootInode] = {volume_.wall(), 1};
  TRY(const auto outcome, commit_(write));
  if (outcome.kind == Outcome::Kind::kCommitted) return {};
  return base::Error{base::ErrorCode::kConflict, "relinking: " + outcome.reason};
}

base::Status Fsck::mend_links(InodeNumber directory, std::int64_t by) {
  storage::WriteSet write;
  write.writer = "fsck-" + std::to_string(volume_.random());
  write.directories[directory] = {FileTime{}, static_cast<std::int32_t>(by)};
  TRY(const auto outcome, commit_(write));
  if (outcome.kind == Outcome::Kind::kCommitted) return {};
  return base::Error{base::ErrorCode::kConflict, "mending links: " + outcome.reason};
}

// The newest value of an inode, under a name or in its record, is right: its content must be there,
// and it says how many names there are.
void Fsck::check_inodes() {
  for (const auto& [inode, indexes] : of_inode_) {
    const Entry* newest = nullptr;
    for (const auto index : indexes) {
      const auto& entry = names_[index].entry;
      if (newest == nullptr || entry.committed > newest->committed) newest = &entry;
    }
    const auto record = shared_.find(inode);
    if (record != shared_.end() && record->second.number >= newest->committed) {
      newest = &record->second.entry;
    }
    refer(*newest, true);
    if (is_directory(*newest) ? indexes.size() == 1 : indexes.size() == newest->links) continue;
    std::string what = "inode " + std::to_string(inode) + " says that it has " +
                       std::to_string(newest->links) + " names, and is";
    for (const auto index : indexes) what += " " + describe(names_[index].key);
    found(indexes.size() > 1 && record == shared_.end() ? Kind::kTwoNames : Kind::kWrongLinks,
          std::move(what));
  }
  for (const auto& [inode, record] : shared_) {
    // The last name was removed as that of any file: the record goes with the old versions.
    if (of_inode_.contains(inode) || record.entry.links <= 1) continue;
    found(Kind::kWrongLinks, "inode " + std::to_string(inode) + " has no name");
  }
}

base::Status Fsck::check_data() {
  report_.data_objects = data_.size();
  for (const auto& [file, runs] : referred_) {
    for (const auto& run : runs) {
      for (std::uint64_t i = run.first; i < run.first + run.count; ++i) {
        const auto object = volume_.data(data_object(file.first, file.second, i));
        if (data_.contains(object.name)) continue;
        const auto there = volume_.store.stat(object);  // or it was stored after the listing
        if (there.ok()) continue;
        if (there.error().code != base::ErrorCode::kNotFound) return there.error();
        found(Kind::kMissingData, "data object " + storage::to_string(object) + " is missing");
      }
    }
  }
  for (const auto& name : data_) {
    const auto parsed = parse_data_object(name);
    const bool wanted = parsed && (referred_ever_.contains({parsed->inode, parsed->writer}) ||
                                   expected_.contains({parsed->inode, parsed->writer}));
    if (!wanted) TRY_STATUS(remove(volume_.data(name), Kind::kOrphanData, "nothing refers to"));
  }
  return {};
}

base::Status Fsck::check_metadata_objects() {
  for (const auto& name : metadata_) {
    // What has another name is somebody else's: those of ephemeral files are in this space, too.
    const bool ours = name.starts_with("e.") || name.starts_with("r.");
    if (!ours || known_metadata_.contains(name)) continue;
    const auto last = name.rfind('.');
    const bool ahead =
        name.starts_with("r.") && last > 2 && expected_.contains({0, name.substr(2, last - 2)});
    if (ahead) continue;
    TRY_STATUS(remove(volume_.metadata(name), Kind::kOrphanShard, "no part of the tree is in"));
  }
  return {};
}

base::Status Fsck::remove(const storage::ObjectId& object, Kind kind, const std::string& what) {
  const bool mend = repair_ && !damaged_;
  if (mend) TRY_STATUS(transfer_.remove({object}));
  found(kind, what + " object " + storage::to_string(object), mend);
  return {};
}

}  // namespace storage_tree
