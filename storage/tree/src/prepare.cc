#include "prepare.h"

#include <algorithm>
#include <utility>

#include "conflict.h"
#include "storage/object_rules.h"
#include "transfer.h"

namespace storage_tree {
namespace {

using storage::FileType;

constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kWriterBytesMax = 64;
constexpr std::size_t kActivationBytesMax = 256;
constexpr std::size_t kRedoBytes = 4 << 20;

base::Error invalid(const std::string& what) {
  return {base::ErrorCode::kInvalidArgument, "a write set: " + what};
}

bool is_name(const NameKey& key) {
  if (key == storage::kRootKey) return true;
  return key.directory != 0 && key.directory <= storage::kInodeMax && !key.name.empty() &&
         key.name.size() <= kNameBytesMax &&
         key.name.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
}

base::Status check_entry(const Entry& entry, const std::string& where) {
  if (is_possible(entry)) return {};
  return invalid(where + " has an inode, attributes or content that are not possible");
}

// About what its value will have.
std::size_t bytes_of(const Entry* entry) {
  constexpr std::size_t kFixed = 128, kEach = 16;
  if (entry == nullptr) return kEach;
  std::size_t bytes = kFixed + entry->content.bytes.size();
  bytes += kEach * entry->content.objects.size() + entry->content.writer.size();
  for (const auto& [key, value] : entry->attributes.xattrs) bytes += key.size() + value.size();
  return bytes;
}

bool stores_objects(const Entry& entry, const std::string& writer) {
  return entry.content.writer == writer && !entry.content.objects.empty();
}

}  // namespace

base::Status check(const storage::WriteSet& write) {
  const bool writer_fits =
      !write.writer.empty() && write.writer.size() <= kWriterBytesMax &&
      write.writer.find_first_of(std::string_view("./\0", 3)) == std::string::npos;
  if (!writer_fits) return invalid("\"" + printable(write.writer) + "\" is no name for a writer");
  if (write.activation.size() > kActivationBytesMax) return invalid("the activation's id is long");
  for (const auto& [key, entry] : write.names) {
    const std::string where = "\"" + printable(key.name) + "\" in " + std::to_string(key.directory);
    if (!is_name(key)) return invalid(where + " is no name");
    if (entry) TRY_STATUS(check_entry(*entry, where));
    if (key == storage::kRootKey && (!entry || entry->inode != storage::kRootInode ||
                                     entry->attributes.type != FileType::kDirectory)) {
      return invalid("the root must stay what it is");
    }
  }
  for (const auto& [inode, entry] : write.shared) {
    TRY_STATUS(check_entry(entry, "inode " + std::to_string(inode)));
    if (entry.inode != inode || entry.attributes.type == FileType::kDirectory) {
      return invalid("inode " + std::to_string(inode) + " cannot have several names");
    }
  }
  return {};
}

// A '/' is in no activation's id.
std::string record_name(const std::string& activation, const std::string& writer) {
  return activation.empty() ? "/" + writer : activation;
}

std::string Prepared::value(std::size_t index) const {
  const Entry* const entry = entries[index];
  return entry != nullptr ? encode_entry(*entry) : encode_removed();
}

std::vector<std::string> Prepared::values() const {
  std::vector<std::string> values;
  values.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) values.push_back(value(i));
  return values;
}

base::Result<Prepared> Preparer::prepare(CommitNumber snapshot, const storage::WriteSet& write) {
  TRY_STATUS(check(write));
  Prepared prepared;
  Commit& commit = prepared.commit;
  commit.activation = record_name(write.activation, write.writer);
  commit.writer = write.writer;
  commit.snapshot = snapshot;
  commit.removed_directories = write.removed_directories;
  commit.steps = write.directories;
  TRY_STATUS(add_names(snapshot, write, prepared));
  for (const auto& [inode, entry] : write.shared) {
    commit.shared.push_back(inode);
    prepared.entries.push_back(&entry);
    if (stores_objects(entry, write.writer)) prepared.uses.insert(inode);
  }
  for (const auto& [key, entry] : write.names) {
    if (entry && stores_objects(*entry, write.writer)) prepared.uses.insert(entry->inode);
    prepared.bytes += 2 * key.name.size() + 64;
  }
  for (const auto* entry : prepared.entries) prepared.bytes += bytes_of(entry);
  // Also where all that it stored was written again or removed.
  prepared.stores_objects = !prepared.uses.empty() || uploads_.of(write.writer).has_value();
  commit.moves_directory = moves_directory(commit);
  if (prepared.bytes > volume_.options.operation_bytes_max) {
    TRY_STATUS(write_ahead(prepared));
    prepared.stores_objects = true;
  }
  // Not before: what is written ahead again, after an answer was lost, must be the same bytes.
  commit.time = volume_.wall();
  return prepared;
}

base::Status Preparer::add_names(CommitNumber snapshot, const storage::WriteSet& write,
                                 Prepared& prepared) {
  std::map<NameKey, CommitNumber> seen;
  for (const auto& [key, entry] : write.names) {
    const auto found = write.seen.find(key);
    if (found != write.seen.end() && found->second != 0) seen.insert(*found);
  }
  TRY(auto old, reader_.stored(seen));
  for (const auto& [key, entry] : write.names) {
    NameChange name;
    name.key = key;
    // Said to be there, and not found under that number: it is looked for.
    if ((seen.contains(key) || !write.seen.contains(key)) && !old.contains(key)) {
      TRY(auto found, reader_.stored(snapshot, key));
      if (found) old.emplace(key, std::move(*found));
    }
    if (const auto found = old.find(key); found != old.end()) {
      name.previous = found->second.committed;
      name.old_inode = found->second.inode;
      name.was_directory = found->second.attributes.type == FileType::kDirectory;
    }
    if (entry) {
      name.inode = entry->inode;
      name.directory = entry->attributes.type == FileType::kDirectory;
      name.foreign = !entry->content.writer.empty() && entry->content.writer != write.writer;
    }
    name.shared = write.shared.contains(name.inode) || write.shared.contains(name.old_inode) ||
                  (entry && !name.directory && entry->links > 1);
    prepared.commit.names.push_back(std::move(name));
    prepared.entries.push_back(entry ? &*entry : nullptr);
  }
  return {};
}

base::Status Preparer::write_ahead(Prepared& prepared) {
  Commit& commit = prepared.commit;
  commit.values = prepared.values();
  const std::string bytes = encode(commit);
  commit.values.clear();
  const std::uint64_t pieces = (bytes.size() + kRedoBytes - 1) / kRedoBytes;
  const std::string key = activation_key(commit.activation);
  TRY(const auto state, volume_.state({key}));
  commit.redo_objects = pieces;
  // It was decided when it was asked for the first time: nothing may be stored for it again.
  if (!state.raw(key).empty()) {
    TRY(const auto record, decoded<ActivationRecord>(volume_.volume_object(), key, state.raw(key)));
    if (record.committed) return {};
  }
  TRY_STATUS(uploads_.announce(commit.writer, {{0, pieces}}));
  TRY_STATUS(run_bounded(pieces, volume_.options.requests_max,
                         [&](std::uint64_t i, const std::function<void(base::Status)>& done) {
                           storage::ObjectWrite write;
                           write.data = bytes.substr(i * kRedoBytes, kRedoBytes);
                           volume_.store.write(
                               volume_.metadata(redo_object(commit.writer, i)), std::move(write),
                               [done](const base::Result<storage::ObjectVersion>& result) {
                                 done(result.ok() ? base::Status() : base::Status(result.error()));
                               });
                         }));
  return {};
}

}  // namespace storage_tree
