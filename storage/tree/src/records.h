// What is stored, as values, and their bytes. Decoders take any bytes: nothing where they are not
// what the encoder makes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "storage/tree.h"
#include "storage_tree/outcome.h"

namespace storage_tree {

using storage::CommitNumber;
using storage::Entry;
using storage::FileTime;
using storage::InodeNumber;
using storage::NameKey;

inline constexpr std::uint64_t kLayoutVersion = 1;

// Changes with every commit and everything else that a commit must not pass by unnoticed.
struct Head {
  CommitNumber number = 0;        // of the last commit
  CommitNumber applied = 0;       // up to here, all objects have what the log says
  CommitNumber horizon = 0;       // no snapshot is older; the log begins after it
  std::uint64_t map_version = 0;  // of the ranges
  std::int64_t keys = 0;          // of the tree, in the volume's object
  std::int64_t shared = 0;        // inode records, in all objects, or more; 0: there are none

  bool operator==(const Head&) const = default;
};

// One name that a commit changed.
struct NameChange {
  NameKey key;
  CommitNumber previous = 0;  // that had changed it before; 0: it was not there
  InodeNumber inode = 0;      // that it leads to now; 0: it was removed
  InodeNumber old_inode = 0;  // that it led to in the attempt's snapshot
  bool directory = false, was_directory = false;
  bool foreign = false;  // the content is another attempt's: renamed, or its attributes changed
  bool shared = false;   // it leads, or led, to a file with several names

  bool operator==(const NameChange&) const = default;
};

// A commit in the log.
struct Commit {
  std::string activation, writer;
  FileTime time{};
  CommitNumber snapshot = 0;
  std::vector<NameChange> names;  // sorted
  std::vector<InodeNumber> shared;
  std::set<InodeNumber> removed_directories;
  bool moves_directory = false;
  std::map<InodeNumber, storage::DirectoryStep> steps;

  bool pending = false;             // not carried out everywhere yet; then the rest is here:
  std::vector<std::string> values;  // of `names`, then of `shared`
  std::uint64_t redo_objects = 0;   // that hold `values`, where these are too large
  bool operator==(const Commit&) const = default;
};

// What was done in a directory since its own entry was written, by the commit that did it.
struct DirectoryVersion {
  CommitNumber number = 0;
  std::int64_t links = 0;
  FileTime modified{};

  bool operator==(const DirectoryVersion&) const = default;
};
using DirectoryVersions = std::vector<DirectoryVersion>;  // newest first

struct InodeVersion {
  CommitNumber number = 0;
  Entry entry;
  bool operator==(const InodeVersion&) const = default;
};
using InodeVersions = std::vector<InodeVersion>;  // newest first

struct Session {
  CommitNumber floor = 0;  // of its snapshots
  FileTime expires{};
  std::uint64_t map_version = 0;  // the oldest that it may still read by
  std::string opener;             // differs each time

  bool operator==(const Session&) const = default;
};

struct ShardState {
  CommitNumber applied = 0;
  std::int64_t keys = 0;
  bool operator==(const ShardState&) const = default;
};

// Keys that moved to another object and are still in the one that they came from.
struct OldRange {
  std::string start, end;  // "": no end
  bool operator==(const OldRange&) const = default;
};

struct Turn {
  std::string session;
  std::uint64_t nonce = 0;
  bool operator==(const Turn&) const = default;
};

std::string encode(const Head& value);
std::string encode(const Commit& value);
std::string encode(const DirectoryVersions& value);
std::string encode(const InodeVersions& value);
std::string encode(const Session& value);
std::string encode(const ShardState& value);
std::string encode(const OldRange& value);
std::string encode(const Turn& value);
std::string encode(const ActivationRecord& value);
std::string encode(const std::string& value);
std::string encode(std::uint64_t value);
std::string encode_entry(const Entry& value);  // `committed` is in the key
// Whether it can be stored and read again: numbers, attributes and content fit each other.
bool is_possible(const Entry& value);
std::string encode_removed();  // in place of an entry

// optional<T> decode<T>(bytes), for each of the above.
template <typename T>
std::optional<T> decode(std::string_view bytes);

// An entry, or that there is none.
struct StoredEntry {
  std::optional<Entry> entry;
  bool operator==(const StoredEntry&) const = default;
};
template <>
std::optional<StoredEntry> decode(std::string_view bytes);

// What the snapshot sees of versions; null where there was none yet.
template <typename Versions>
const typename Versions::value_type* version_at(const Versions& versions, CommitNumber number) {
  for (const auto& version : versions) {
    if (version.number <= number) return &version;
  }
  return nullptr;
}

// Drops what no snapshot from the horizon on can see.
template <typename Versions>
void forget_before(Versions& versions, CommitNumber horizon) {
  for (auto version = versions.begin(); version != versions.end(); ++version) {
    if (version->number > horizon) continue;
    versions.erase(version + 1, versions.end());
    return;
  }
}

}  // namespace storage_tree
