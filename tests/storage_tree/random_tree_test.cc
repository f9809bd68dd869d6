// Random trees: every operation that attempts have, by several nodes that die; whatever was
// committed, the tree stays a tree.
#include <gtest/gtest.h>

#include <algorithm>

#include "interleaving.h"
#include "tree_fixture.h"

namespace storage_tree {
namespace {

using Kind = Outcome::Kind;

struct Shape {
  const char* name;
  Isolation isolation;
  std::uint64_t shard_keys_max;
  int runs;
};
void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }

class RandomTree : public testing::TestWithParam<Shape> {
 protected:
  class Run;
};

class RandomTree::Run {
 public:
  Run(const Shape& shape, std::uint64_t seed) : shape_(shape), world_(seed) {}

  int committed() {
    for (int i = 0; i < 3; ++i) world_.add([this, i] { node(i); });
    world_.run();
    judge();
    return committed_;
  }

 private:
  std::unique_ptr<Tree> open(storage::ObjectStore& store, const std::string& session) {
    Options how = options(session);
    how.seed = world_.random();
    how.shard_keys_max = shape_.shard_keys_max;
    how.pause = [this](std::chrono::nanoseconds wait) {
      clock_.advance(wait);
      world_.step();
    };
    auto tree = Tree::open(store, "v", clock_, how);
    if (!tree.ok()) return nullptr;
    return *std::move(tree);
  }

  void node(int index) {
    for (int done = 0; done < 6;) {
      NodeStore store(store_, world_);
      try {
        const auto tree = open(store, "node" + std::to_string(index));
        while (tree && done < 6) {
          ++done;
          store.set_dangers(0, 0);
          Attempt attempt(*tree, "a" + std::to_string(++attempts_));
          for (auto left = 1 + world_.random() % 4; left > 0; --left) change(attempt);
          store.set_dangers(2, 0);
          const auto outcome = attempt.try_commit(shape_.isolation);
          if (outcome.ok() && outcome->kind == Kind::kCommitted) ++committed_;
          if (world_.chance(40)) static_cast<void>(tree->collect().ok());
          if (world_.chance(40)) static_cast<void>(tree->maintain().ok());
        }
      } catch (const NodeDied&) {
      }
    }
  }

  // Every path that the attempt sees, directories with a '/' behind.
  static void walk(Attempt& attempt, InodeNumber inode, const std::string& path,
                   std::vector<std::string>& paths) {
    const auto page = attempt.tree.list(attempt.snapshot, inode, "", 1000);
    ASSERT_TRUE(page.ok()) << page.error().message;
    std::map<std::string, std::optional<Entry>> names;
    for (const auto& [name, entry] : page->names) names[name] = entry;
    for (const auto& [key, entry] : attempt.write.names) {
      if (key.directory == inode) names[key.name] = entry;
    }
    for (const auto& [name, entry] : names) {
      if (!entry) continue;
      const bool is_directory = entry->attributes.type == FileType::kDirectory;
      paths.push_back(path + name + (is_directory ? "/" : ""));
      if (is_directory) walk(attempt, entry->inode, path + name + "/", paths);
    }
  }

  // "" where there is none.
  std::string pick(const std::vector<std::string>& paths, bool directories) {
    std::vector<std::string> fitting;
    for (const auto& path : paths) {
      if (path.ends_with('/') == directories) fitting.push_back(path);
    }
    return fitting.empty() ? "" : fitting[world_.random() % fitting.size()];
  }

  void change(Attempt& attempt) {
    std::vector<std::string> paths;
    walk(attempt, kRootInode, "", paths);
    const auto taken = [&](const std::string& path) {
      return std::find(paths.begin(), paths.end(), path) != paths.end() ||
             std::find(paths.begin(), paths.end(), path + "/") != paths.end();
    };
    const std::string file = pick(paths, false), folder = pick(paths, true);
    const std::string place =
        (world_.chance(60) ? folder : "") + "n" + std::to_string(world_.random() % 5);
    if (std::count(place.begin(), place.end(), '/') > 4) return;
    switch (world_.random() % 9) {
      case 0:
      case 1:
        if (!taken(place)) attempt.make_directory(place);
        break;
      case 2:
        if (!taken(place)) attempt.make(place, "made");
        break;
      case 3:
        if (!taken(place)) attempt.store(place, std::string(17'000, 'x'));
        break;
      case 4:
        if (!file.empty()) attempt.remove(file);
        break;
      case 5:
        if (!file.empty()) attempt.overwrite(file, "again");
        break;
      case 6:
        if (!file.empty() && !taken(place)) attempt.link(file, place);
        break;
      case 7:
        if (!file.empty() && !taken(place)) attempt.rename(file, place);
        break;
      default:
        change_folder(attempt, folder, place, paths, taken(place));
    }
  }

  void change_folder(Attempt& attempt, std::string folder, const std::string& place,
                     const std::vector<std::string>& paths, bool taken) {
    if (folder.empty()) return;
    const bool is_empty = std::none_of(paths.begin(), paths.end(), [&](const std::string& path) {
      return path != folder && path.starts_with(folder);
    });
    const bool into_itself = place.starts_with(folder);
    folder.pop_back();
    if (is_empty && world_.chance(50)) {
      attempt.remove_directory(folder);
    } else if (!taken && !into_itself) {
      attempt.rename(folder, place);
    }
  }

  void judge() {
    const auto tree = open(store_, "judge");
    ASSERT_TRUE(tree);
    const auto look = [&] {
      const auto report = tree->fsck(false);
      ASSERT_TRUE(report.ok()) << report.error().message;
      for (const auto& finding : report->findings) ADD_FAILURE() << finding.what;
    };
    look();
    clock_.advance(std::chrono::seconds(100));
    for (int round = 0; round < 60; ++round) {
      ASSERT_TRUE(tree->maintain().ok());
      const auto report = tree->collect();
      ASSERT_TRUE(report.ok()) << report.error().message;
      if (*report == CollectReport()) break;
    }
    look();
    // Every byte that is left is somebody's, and can be read.
    Attempt attempt(*tree, "last");
    std::vector<std::string> paths;
    walk(attempt, kRootInode, "", paths);
    for (const auto& path : paths) {
      if (!path.ends_with('/')) attempt.text(path);
    }
  }

  const Shape shape_;
  Interleaving world_;
  FakeClock clock_;
  MemoryObjectStore store_;
  int attempts_ = 0, committed_ = 0;
};

TEST_P(RandomTree, StaysATree) {
  int committed = 0;
  for (int run = 0; run < GetParam().runs; ++run) {
    SCOPED_TRACE("seed " + std::to_string(run + 1));
    committed += Run(GetParam(), static_cast<std::uint64_t>(run) + 1).committed();
    if (HasFailure()) return;
  }
  EXPECT_GT(committed, GetParam().runs * 5);
}

INSTANTIATE_TEST_SUITE_P(All, RandomTree,
                         testing::Values(Shape{"Snapshot", Isolation::kSnapshot, 50'000, 300},
                                         Shape{"ReadAtomic", Isolation::kReadAtomic, 50'000, 300},
                                         Shape{"None", Isolation::kNone, 50'000, 300},
                                         Shape{"ManyObjects", Isolation::kSnapshot, 10, 200},
                                         Shape{"ManyObjectsReadAtomic", Isolation::kReadAtomic, 10,
                                               200}),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace storage_tree
