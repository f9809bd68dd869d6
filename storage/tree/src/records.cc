#include "records.h"

#include "bytes.h"

namespace storage_tree {
namespace {

using storage::Content;
using storage::DirectoryStep;

void put_time(Encoder& out, FileTime time) { out.signed_number(time.time_since_epoch().count()); }

FileTime take_time(Decoder& in) { return FileTime(std::chrono::nanoseconds(in.signed_number())); }

template <typename T>
T take_small(Decoder& in) {
  const std::uint64_t value = in.number();
  if (value > std::numeric_limits<T>::max()) in.fail();
  return static_cast<T>(value);
}

void put_attributes(Encoder& out, const storage::Attributes& value) {
  out.number(static_cast<std::uint64_t>(value.type)).number(value.permissions);
  out.number(value.uid).number(value.gid);
  for (const auto time : {value.accessed, value.modified, value.changed}) put_time(out, time);
  out.number(value.xattrs.size());
  for (const auto& [name, bytes] : value.xattrs) out.text(name).text(bytes);
}

storage::Attributes take_attributes(Decoder& in) {
  storage::Attributes value;
  const std::uint64_t type = in.number();
  if (type > static_cast<std::uint64_t>(storage::FileType::kSocket)) in.fail();
  value.type = static_cast<storage::FileType>(type);
  value.permissions = take_small<mode_t>(in);
  value.uid = take_small<uid_t>(in);
  value.gid = take_small<gid_t>(in);
  value.accessed = take_time(in);
  value.modified = take_time(in);
  value.changed = take_time(in);
  for (auto left = in.count(2); left > 0; --left) {
    auto name = in.text();
    value.xattrs[std::move(name)] = in.text();
  }
  return value;
}

void put_content(Encoder& out, const Content& value) {
  out.number(value.size).text(value.bytes).text(value.writer).number(value.objects.size());
  for (const auto& run : value.objects) out.number(run.first).number(run.count);
}

Content take_content(Decoder& in) {
  Content value;
  value.size = in.number();
  value.bytes = in.text();
  value.writer = in.text();
  for (auto left = in.count(2); left > 0; --left) {
    const std::uint64_t first = in.number();
    value.objects.push_back({first, in.number()});
  }
  return value;
}

void put_entry(Encoder& out, const Entry& value) {
  out.number(value.inode).number(value.links);
  put_attributes(out, value.attributes);
  put_content(out, value.content);
}

Entry take_entry(Decoder& in) {
  Entry value;
  value.inode = in.number();
  value.links = take_small<std::uint32_t>(in);
  value.attributes = take_attributes(in);
  value.content = take_content(in);
  if (!is_possible(value)) in.fail();
  return value;
}

void put_key(Encoder& out, const NameKey& key) { out.number(key.directory).text(key.name); }

NameKey take_key(Decoder& in) {
  NameKey key;
  key.directory = in.number();
  key.name = in.text();
  return key;
}

constexpr std::uint64_t kDirectoryFlag = 1, kWasDirectoryFlag = 2, kForeignFlag = 4,
                        kSharedFlag = 8;

void put_change(Encoder& out, const NameChange& value) {
  put_key(out, value.key);
  out.number(value.previous).number(value.inode).number(value.old_inode);
  out.number((value.directory ? kDirectoryFlag : 0) |
             (value.was_directory ? kWasDirectoryFlag : 0) | (value.foreign ? kForeignFlag : 0) |
             (value.shared ? kSharedFlag : 0));
}

NameChange take_change(Decoder& in) {
  NameChange value;
  value.key = take_key(in);
  value.previous = in.number();
  value.inode = in.number();
  value.old_inode = in.number();
  const std::uint64_t flags = in.number();
  value.directory = (flags & kDirectoryFlag) != 0;
  value.was_directory = (flags & kWasDirectoryFlag) != 0;
  value.foreign = (flags & kForeignFlag) != 0;
  value.shared = (flags & kSharedFlag) != 0;
  return value;
}

template <typename T>
std::optional<T> when_done(const Decoder& in, T value) {
  if (!in.done()) return std::nullopt;
  return value;
}

// What is after a newer version is older.
template <typename Versions>
void check_order(Decoder& in, const Versions& versions) {
  for (std::size_t i = 1; i < versions.size(); ++i) {
    if (versions[i].number >= versions[i - 1].number) in.fail();
  }
}

bool is_possible(const Content& value) {
  if (value.writer.empty()) return value.size == value.bytes.size() && value.objects.empty();
  if (!value.bytes.empty()) return false;
  const std::uint64_t objects = value.size / storage::kDataObjectBytes +
                                (value.size % storage::kDataObjectBytes != 0 ? 1 : 0);
  std::uint64_t least = 0;  // the next run begins here, or later
  for (const auto& run : value.objects) {
    if (run.first < least || run.first >= objects) return false;
    if (run.count == 0 || run.count > objects - run.first) return false;
    least = run.first + run.count + 1;
  }
  return true;
}

}  // namespace

bool is_possible(const Entry& value) {
  return value.inode != 0 && value.inode <= storage::kInodeMax &&
         value.attributes.type <= storage::FileType::kSocket &&
         value.attributes.permissions <= 07777 && is_possible(value.content);
}

std::string encode(const Head& value) {
  Encoder out;
  out.number(value.number).number(value.applied).number(value.horizon).number(value.map_version);
  out.signed_number(value.keys).signed_number(value.shared);
  return std::move(out).finish();
}

template <>
std::optional<Head> decode(std::string_view bytes) {
  Decoder in(bytes);
  Head value;
  value.number = in.number();
  value.applied = in.number();
  value.horizon = in.number();
  value.map_version = in.number();
  value.keys = in.signed_number();
  value.shared = in.signed_number();
  if (value.applied > value.number || value.horizon > value.applied) in.fail();
  return when_done(in, value);
}

std::string encode(const Commit& value) {
  Encoder out;
  out.text(value.activation).text(value.writer);
  put_time(out, value.time);
  out.number(value.snapshot).number(value.names.size());
  for (const auto& name : value.names) put_change(out, name);
  out.number(value.shared.size());
  for (const auto inode : value.shared) out.number(inode);
  out.number(value.removed_directories.size());
  for (const auto inode : value.removed_directories) out.number(inode);
  out.number(value.moves_directory ? 1 : 0).number(value.pending ? 1 : 0);
  out.number(value.steps.size());
  for (const auto& [inode, step] : value.steps) {
    out.number(inode).signed_number(step.subdirectories);
    put_time(out, step.modified);
  }
  out.number(value.values.size());
  for (const auto& bytes : value.values) out.text(bytes);
  out.number(value.redo_objects);
  return std::move(out).finish();
}

template <>
std::optional<Commit> decode(std::string_view bytes) {
  Decoder in(bytes);
  Commit value;
  value.activation = in.text();
  value.writer = in.text();
  value.time = take_time(in);
  value.snapshot = in.number();
  for (auto left = in.count(6); left > 0; --left) value.names.push_back(take_change(in));
  for (auto left = in.count(); left > 0; --left) value.shared.push_back(in.number());
  for (auto left = in.count(); left > 0; --left) value.removed_directories.insert(in.number());
  value.moves_directory = in.number() != 0;
  value.pending = in.number() != 0;
  for (auto left = in.count(3); left > 0; --left) {
    const InodeNumber inode = in.number();
    DirectoryStep step;
    step.subdirectories = static_cast<std::int32_t>(in.signed_number());
    step.modified = take_time(in);
    value.steps[inode] = step;
  }
  for (auto left = in.count(); left > 0; --left) value.values.push_back(in.text());
  value.redo_objects = in.number();
  if (!value.values.empty() && value.values.size() != value.names.size() + value.shared.size()) {
    in.fail();
  }
  return when_done(in, std::move(value));
}

std::string encode(const DirectoryVersions& value) {
  Encoder out;
  out.number(value.size());
  for (const auto& version : value) {
    out.number(version.number).signed_number(version.links);
    put_time(out, version.modified);
  }
  return std::move(out).finish();
}

template <>
std::optional<DirectoryVersions> decode(std::string_view bytes) {
  Decoder in(bytes);
  DirectoryVersions value;
  for (auto left = in.count(3); left > 0; --left) {
    DirectoryVersion version;
    version.number = in.number();
    version.links = in.signed_number();
    version.modified = take_time(in);
    value.push_back(version);
  }
  check_order(in, value);
  return when_done(in, std::move(value));
}

std::string encode(const InodeVersions& value) {
  Encoder out;
  out.number(value.size());
  for (const auto& version : value) {
    out.number(version.number);
    put_entry(out, version.entry);
  }
  return std::move(out).finish();
}

template <>
std::optional<InodeVersions> decode(std::string_view bytes) {
  Decoder in(bytes);
  InodeVersions value;
  for (auto left = in.count(); left > 0 && in.good(); --left) {
    const CommitNumber number = in.number();
    value.push_back({number, take_entry(in)});
  }
  check_order(in, value);
  return when_done(in, std::move(value));
}

std::string encode(const Session& value) {
  Encoder out;
  out.number(value.floor);
  put_time(out, value.expires);
  out.number(value.map_version).text(value.opener);
  return std::move(out).finish();
}

template <>
std::optional<Session> decode(std::string_view bytes) {
  Decoder in(bytes);
  Session value;
  value.floor = in.number();
  value.expires = take_time(in);
  value.map_version = in.number();
  value.opener = in.text();
  return when_done(in, std::move(value));
}

std::string encode(const ShardState& value) {
  Encoder out;
  out.number(value.applied).signed_number(value.keys);
  return std::move(out).finish();
}

template <>
std::optional<ShardState> decode(std::string_view bytes) {
  Decoder in(bytes);
  ShardState value;
  value.applied = in.number();
  value.keys = in.signed_number();
  return when_done(in, value);
}

std::string encode(const OldRange& value) {
  Encoder out;
  out.text(value.start).text(value.end);
  return std::move(out).finish();
}

template <>
std::optional<OldRange> decode(std::string_view bytes) {
  Decoder in(bytes);
  OldRange value;
  value.start = in.text();
  value.end = in.text();
  return when_done(in, std::move(value));
}

std::string encode(const Turn& value) {
  Encoder out;
  out.text(value.session).number(value.nonce);
  return std::move(out).finish();
}

template <>
std::optional<Turn> decode(std::string_view bytes) {
  Decoder in(bytes);
  Turn value;
  value.session = in.text();
  value.nonce = in.number();
  return when_done(in, std::move(value));
}

std::string encode(const ActivationRecord& value) {
  Encoder out;
  out.number(value.committed ? 1 : 0).number(value.number).text(value.writer);
  put_time(out, value.time);
  out.number(value.aborted.size());
  for (const auto& writer : value.aborted) out.text(writer);
  return std::move(out).finish();
}

template <>
std::optional<ActivationRecord> decode(std::string_view bytes) {
  Decoder in(bytes);
  ActivationRecord value;
  value.committed = in.number() != 0;
  value.number = in.number();
  value.writer = in.text();
  value.time = take_time(in);
  for (auto left = in.count(); left > 0; --left) value.aborted.push_back(in.text());
  return when_done(in, std::move(value));
}

std::string encode(const std::string& value) {
  Encoder out;
  out.text(value);
  return std::move(out).finish();
}

template <>
std::optional<std::string> decode(std::string_view bytes) {
  Decoder in(bytes);
  auto value = in.text();
  return when_done(in, std::move(value));
}

std::string encode(std::uint64_t value) {
  Encoder out;
  out.number(value);
  return std::move(out).finish();
}

template <>
std::optional<std::uint64_t> decode(std::string_view bytes) {
  Decoder in(bytes);
  const auto value = in.number();
  return when_done(in, value);
}

std::string encode_entry(const Entry& value) {
  constexpr std::size_t kRest = 192;  // more where there are attributes with names
  Encoder out;
  out.reserve(value.content.bytes.size() + kRest);
  out.number(1);
  put_entry(out, value);
  return std::move(out).finish();
}

std::string encode_removed() {
  Encoder out;
  out.number(0);
  return std::move(out).finish();
}

template <>
std::optional<StoredEntry> decode(std::string_view bytes) {
  Decoder in(bytes);
  StoredEntry value;
  const std::uint64_t there = in.number();
  if (there > 1) in.fail();
  if (there == 1) value.entry = take_entry(in);
  return when_done(in, std::move(value));
}

}  // namespace storage_tree
