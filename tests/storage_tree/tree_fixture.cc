#include "tree_fixture.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <utility>

namespace storage_tree {

Entry file(InodeNumber inode, const std::string& text) {
  Entry entry;
  entry.inode = inode;
  entry.content.size = text.size();
  entry.content.bytes = text;
  return entry;
}

Entry directory(InodeNumber inode) {
  Entry entry;
  entry.inode = inode;
  entry.attributes.type = FileType::kDirectory;
  entry.attributes.permissions = 0755;
  entry.links = 2;
  return entry;
}

Options options(const std::string& session) {
  Options how;
  how.session = session;
  static std::atomic<std::uint64_t> opened = 0;
  how.seed = ++opened;
  how.pause = [](std::chrono::nanoseconds) {};
  return how;
}

base::UniqueFd staged(const std::string& bytes, std::uint64_t size) {
  base::UniqueFd fd(::memfd_create("staged", MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  if (size > bytes.size()) {
    EXPECT_EQ(::ftruncate(fd.get(), static_cast<off_t>(size)), 0);
  }
  return fd;
}

const char* name_of(Outcome::Kind kind) {
  switch (kind) {
    case Outcome::Kind::kCommitted:
      return "committed";
    case Outcome::Kind::kAlreadyApplied:
      return "already applied";
    case Outcome::Kind::kConflict:
      return "conflict";
    case Outcome::Kind::kAborted:
      return "aborted";
  }
  return "?";
}

namespace {

Snapshot begin(Tree& tree) {
  auto snapshot = tree.begin();
  EXPECT_TRUE(snapshot.ok()) << (snapshot.ok() ? "" : snapshot.error().message);
  return *std::move(snapshot);
}

}  // namespace

Attempt::Attempt(Tree& of, std::string activation, std::string writer)
    : Attempt(of, begin(of), std::move(activation), std::move(writer)) {}

Attempt::Attempt(Tree& of, Snapshot at_snapshot, std::string activation, std::string writer)
    : tree(of), snapshot(std::move(at_snapshot)) {
  write.writer = writer.empty() ? activation + "-1" : std::move(writer);
  write.activation = std::move(activation);
}

std::optional<Entry> Attempt::at(const NameKey& key) {
  if (const auto own = write.names.find(key); own != write.names.end()) {
    auto entry = own->second;
    if (entry && write.shared.contains(entry->inode)) entry = write.shared.at(entry->inode);
    return entry;
  }
  auto found = tree.lookup(snapshot, key);
  EXPECT_TRUE(found.ok()) << (found.ok() ? "" : found.error().message);
  if (!found.ok()) return std::nullopt;
  reads.names[key] = *found ? (*found)->committed : 0;
  if (*found) {
    reads.files.insert((*found)->inode);
    if (write.shared.contains((*found)->inode)) return write.shared.at((*found)->inode);
  }
  return *found;
}

NameKey Attempt::key_of(const std::string& path) {
  NameKey key{kRootInode, path};
  for (auto slash = key.name.find('/'); slash != std::string::npos; slash = key.name.find('/')) {
    const auto parent = at({key.directory, key.name.substr(0, slash)});
    EXPECT_TRUE(parent) << path;
    key.directory = parent ? parent->inode : 999'999;
    key.name.erase(0, slash + 1);
  }
  return key;
}

std::optional<Entry> Attempt::read(const std::string& path) { return at(key_of(path)); }

std::optional<std::string> Attempt::text(const std::string& path) {
  const auto entry = read(path);
  if (!entry) return std::nullopt;
  auto bytes = tree.read(entry->inode, entry->content, 0, entry->content.size);
  EXPECT_TRUE(bytes.ok()) << (bytes.ok() ? "" : bytes.error().message);
  return bytes.ok() ? *bytes : "?";
}

void Attempt::put(const NameKey& key, const std::optional<Entry>& entry) {
  if (!write.names.contains(key)) {
    const auto old = at(key);
    write.seen[key] = old ? old->committed : 0;
  }
  write.names[key] = entry;
}

void Attempt::step(InodeNumber directory, int subdirectories) {
  write.directories[directory].subdirectories += subdirectories;
}

InodeNumber Attempt::make(const std::string& path, const std::string& text) {
  const auto inode = tree.reserve(1);
  EXPECT_TRUE(inode.ok());
  const NameKey key = key_of(path);
  put(key, file(*inode, text));
  step(key.directory, 0);
  return *inode;
}

void Attempt::overwrite(const std::string& path, const std::string& text) {
  const NameKey key = key_of(path);
  auto entry = at(key);
  ASSERT_TRUE(entry) << path;
  entry->content = file(1, text).content;
  if (entry->links > 1) {
    write.shared[entry->inode] = *entry;
  } else {
    put(key, entry);
  }
}

InodeNumber Attempt::make_directory(const std::string& path) {
  const auto inode = tree.reserve(1);
  EXPECT_TRUE(inode.ok());
  const NameKey key = key_of(path);
  put(key, directory(*inode));
  step(key.directory, 1);
  return *inode;
}

void Attempt::remove(const std::string& path) {
  const NameKey key = key_of(path);
  auto entry = at(key);
  ASSERT_TRUE(entry) << path;
  if (entry->links > 1 || write.shared.contains(entry->inode)) {
    --entry->links;
    write.shared[entry->inode] = *entry;
  }
  put(key, std::nullopt);
  step(key.directory, 0);
}

void Attempt::remove_directory(const std::string& path) {
  const NameKey key = key_of(path);
  const auto entry = at(key);
  ASSERT_TRUE(entry) << path;
  put(key, std::nullopt);
  write.removed_directories.insert(entry->inode);
  write.directories.erase(entry->inode);
  step(key.directory, -1);
}

void Attempt::rename(const std::string& from, const std::string& to) {
  const NameKey old_key = key_of(from), new_key = key_of(to);
  const auto entry = at(old_key);
  ASSERT_TRUE(entry) << from;
  const int links = entry->attributes.type == FileType::kDirectory ? 1 : 0;
  put(old_key, std::nullopt);
  put(new_key, entry);
  step(old_key.directory, -links);
  step(new_key.directory, links);
}

void Attempt::link(const std::string& from, const std::string& to) {
  auto entry = at(key_of(from));
  ASSERT_TRUE(entry) << from;
  ++entry->links;
  write.shared[entry->inode] = *entry;
  const NameKey key = key_of(to);
  put(key, entry);
  step(key.directory, 0);
}

InodeNumber Attempt::store(const std::string& path, const std::string& bytes) {
  const InodeNumber inode = make(path, "");
  const auto fd = staged(bytes);
  auto content = tree.upload(write.writer, inode, fd.get());
  EXPECT_TRUE(content.ok()) << (content.ok() ? "" : content.error().message);
  if (content.ok()) write.names[key_of(path)]->content = *content;
  return inode;
}

base::Result<Outcome> Attempt::try_commit(Isolation isolation) {
  return tree.commit(snapshot, write, reads, isolation);
}

Outcome Attempt::commit(Isolation isolation) {
  auto outcome = try_commit(isolation);
  EXPECT_TRUE(outcome.ok()) << (outcome.ok() ? "" : outcome.error().message);
  return outcome.ok() ? *outcome : Outcome{Outcome::Kind::kAborted, 0, "", {}, "error"};
}

std::unique_ptr<Tree> TreeTest::open(const std::string& session) { return open(options(session)); }

std::unique_ptr<Tree> TreeTest::open(Options how) {
  auto tree = Tree::open(store_, "guest/photos", clock_, std::move(how));
  EXPECT_TRUE(tree.ok()) << (tree.ok() ? "" : tree.error().message);
  return *std::move(tree);
}

std::vector<std::string> TreeTest::names(Tree& tree, const Snapshot& snapshot,
                                         InodeNumber directory) {
  std::vector<std::string> result;
  for (bool more = true; more;) {
    auto page = tree.list(snapshot, directory, result.empty() ? "" : result.back(), 100);
    EXPECT_TRUE(page.ok()) << (page.ok() ? "" : page.error().message);
    if (!page.ok()) break;
    for (const auto& [name, entry] : page->names) result.push_back(name);
    more = page->more;
  }
  return result;
}

void TreeTest::expect_clean(Tree& tree) {
  auto report = tree.fsck(false);
  ASSERT_TRUE(report.ok()) << report.error().message;
  for (const auto& finding : report->findings) ADD_FAILURE() << finding.what;
}

CollectReport TreeTest::collect_all(Tree& tree) {
  CollectReport total;
  for (int round = 0; round < 1000; ++round) {
    EXPECT_TRUE(tree.maintain().ok());
    auto report = tree.collect();
    EXPECT_TRUE(report.ok()) << (report.ok() ? "" : report.error().message);
    if (!report.ok() || *report == CollectReport()) return total;
    total.sessions += report->sessions;
    total.uploads += report->uploads;
    total.commits += report->commits;
    total.versions += report->versions;
    total.data_objects += report->data_objects;
    total.activations += report->activations;
    total.splits += report->splits;
  }
  ADD_FAILURE() << "the collector does not end";
  return total;
}

}  // namespace storage_tree
