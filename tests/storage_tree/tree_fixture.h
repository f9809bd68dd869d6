// A volume in memory, and short words for what tests do with it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "storage_tree/tree.h"
#include "testing/fake_clock.h"
#include "testing/memory_object_store.h"

namespace storage_tree {

using hints::Isolation;
using storage::FileType;
using storage::kRootInode;
using storage::ReadSet;
using storage::WriteSet;
using testing_support::FakeClock;
using testing_support::MemoryObjectStore;

Entry file(InodeNumber inode, const std::string& text);
Entry directory(InodeNumber inode);
Options options(const std::string& session);
// Not in any file system; `size` at least what `bytes` need.
base::UniqueFd staged(const std::string& bytes, std::uint64_t size = 0);

// One attempt as a daemon would make it: changes against a snapshot.
class Attempt {
 public:
  Attempt(Tree& tree, std::string activation, std::string writer = "");
  Attempt(Tree& tree, Snapshot snapshot, std::string activation, std::string writer = "");

  std::optional<Entry> read(const std::string& path);
  std::optional<std::string> text(const std::string& path);
  InodeNumber make(const std::string& path, const std::string& text);
  void overwrite(const std::string& path, const std::string& text);
  InodeNumber make_directory(const std::string& path);
  void remove(const std::string& path);
  void remove_directory(const std::string& path);
  void rename(const std::string& from, const std::string& to);
  void link(const std::string& from, const std::string& to);
  InodeNumber store(const std::string& path, const std::string& bytes);  // as data objects
  void put(const NameKey& key, const std::optional<Entry>& entry);

  Outcome commit(Isolation isolation = Isolation::kSnapshot);
  base::Result<Outcome> try_commit(Isolation isolation = Isolation::kSnapshot);

  Tree& tree;
  Snapshot snapshot;
  WriteSet write;
  ReadSet reads;

 private:
  NameKey key_of(const std::string& path);
  std::optional<Entry> at(const NameKey& key);
  void step(InodeNumber directory, int subdirectories);
};

class TreeTest : public ::testing::Test {
 protected:
  std::unique_ptr<Tree> open(const std::string& session = "node");
  std::unique_ptr<Tree> open(Options how);
  static std::vector<std::string> names(Tree& tree, const Snapshot& snapshot,
                                        InodeNumber directory = kRootInode);
  static void expect_clean(Tree& tree);
  // Runs the collector until there is nothing to do.
  static CollectReport collect_all(Tree& tree);

  FakeClock clock_;
  MemoryObjectStore store_;
};

const char* name_of(Outcome::Kind kind);
inline void PrintTo(Outcome::Kind kind, std::ostream* out) { *out << name_of(kind); }

}  // namespace storage_tree
