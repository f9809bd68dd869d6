// What two attempts with one snapshot may both do, at each isolation.
#include <gmock/gmock.h>

#include <functional>

#include "tree_fixture.h"

namespace storage_tree {
namespace {

using Kind = Outcome::Kind;
using Change = std::function<void(Attempt&)>;

// In the beginning: files a, b; directories d, e; d/x; empty directory v.
class ConflictTest : public TreeTest {
 protected:
  void SetUp() override {
    tree_ = open();
    other_ = open("other");
    Attempt begin(*tree_, "begin");
    for (const auto* name : {"a", "b"}) begin.store(name, std::string(20'000, *name));
    for (const auto* name : {"d", "e", "v"}) begin.make_directory(name);
    begin.make("d/x", "x");
    ASSERT_EQ(begin.commit().kind, Kind::kCommitted);
  }

  // What becomes of the second.
  Kind second(Isolation isolation, const Change& first, const Change& second) {
    static int round = 0;
    const std::string name = std::to_string(++round);
    Attempt one(*tree_, "one" + name), two(*other_, "two" + name);
    first(one);
    second(two);
    EXPECT_EQ(one.commit(isolation).kind, Kind::kCommitted);
    const auto outcome = two.commit(isolation);
    if (outcome.kind == Kind::kConflict) {
      EXPECT_EQ(outcome.winner, "one" + name);
    }
    expect_clean(*tree_);
    return outcome.kind;
  }

  std::unique_ptr<Tree> tree_, other_;
};

Change overwrite(const char* path) {
  return [path](Attempt& a) { a.overwrite(path, "new"); };
}
Change remove(const char* path) {
  return [path](Attempt& a) { a.remove(path); };
}
Change make(const char* path) {
  return [path](Attempt& a) { a.make(path, "made"); };
}
Change rename(const char* from, const char* to) {
  return [=](Attempt& a) { a.rename(from, to); };
}
Change link(const char* from, const char* to) {
  return [=](Attempt& a) { a.link(from, to); };
}
Change make_directory(const char* path) {
  return [path](Attempt& a) { a.make_directory(path); };
}
Change remove_directory(const char* path) {
  return [path](Attempt& a) { a.remove_directory(path); };
}
Change chmod(const char* path) {
  return [path](Attempt& a) {
    auto entry = *a.read(path);
    entry.attributes.permissions = 0600;
    a.put({kRootInode, path}, entry);
  };
}

struct Case {
  const char* name;
  Change first, second;
  Kind read_atomic, snapshot;
};

void PrintTo(const Case& tested, std::ostream* out) { *out << tested.name; }

constexpr Kind kYes = Kind::kCommitted, kNo = Kind::kConflict;

class ConflictTable : public ConflictTest, public testing::WithParamInterface<Case> {};

TEST_P(ConflictTable, AtReadAtomic) {
  EXPECT_EQ(second(Isolation::kReadAtomic, GetParam().first, GetParam().second),
            GetParam().read_atomic);
}
TEST_P(ConflictTable, WithoutIsolation) {
  EXPECT_EQ(second(Isolation::kNone, GetParam().first, GetParam().second), GetParam().read_atomic);
}
TEST_P(ConflictTable, AtSnapshot) {
  EXPECT_EQ(second(Isolation::kSnapshot, GetParam().first, GetParam().second), GetParam().snapshot);
}
TEST_P(ConflictTable, AtSerializableNoMoreIsAllowed) {
  const Kind kind = second(Isolation::kSerializable, GetParam().first, GetParam().second);
  if (GetParam().snapshot == kNo) {
    EXPECT_EQ(kind, kNo);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, ConflictTable,
    testing::Values(
        Case{"DifferentFiles", overwrite("a"), overwrite("b"), kYes, kYes},
        Case{"OverwriteTwice", overwrite("a"), overwrite("a"), kYes, kNo},
        Case{"MakeTwice", make("n"), make("n"), kYes, kNo},
        Case{"RemoveTwice", remove("a"), remove("a"), kYes, kNo},
        Case{"OverwriteThenRemove", overwrite("a"), remove("a"), kYes, kNo},
        Case{"RemoveThenOverwrite", remove("a"), overwrite("a"), kYes, kNo},
        // The bytes that the second wants to keep are those of a file that is gone.
        Case{"OverwriteThenChmod", overwrite("a"), chmod("a"), kNo, kNo},
        Case{"OverwriteThenRename", overwrite("a"), rename("a", "z"), kNo, kNo},
        Case{"RemoveThenRename", remove("a"), rename("a", "z"), kNo, kNo},
        Case{"RenameThenOverwrite", rename("a", "z"), overwrite("a"), kNo, kNo},
        Case{"RenameThenRemove", rename("a", "z"), remove("a"), kNo, kNo},
        Case{"RenameTwice", rename("a", "y"), rename("a", "z"), kNo, kNo},
        Case{"RenameOverDifferent", rename("a", "z"), rename("b", "z"), kNo, kNo},
        Case{"MakeDirectoryTwice", make_directory("n"), make_directory("n"), kNo, kNo},
        Case{"FileAndDirectory", make("n"), make_directory("n"), kNo, kNo},
        Case{"RemoveDirectoryThenMakeInIt", remove_directory("v"), make("v/n"), kNo, kNo},
        Case{"MakeInItThenRemoveDirectory", make("v/n"), remove_directory("v"), kNo, kNo},
        Case{"RemoveDirectoryTwice", remove_directory("v"), remove_directory("v"), kNo, kNo},
        Case{"MakeInDifferentDirectories", make("d/n"), make("e/n"), kYes, kYes},
        Case{"MakeInOneDirectory", make("d/n"), make("d/m"), kYes, kYes},
        Case{"RenameDirectoryThenMakeInIt", rename("d", "z"), make("d/n"), kYes, kYes},
        Case{"MoveDirectoriesIntoEachOther", rename("d", "e/d"), rename("e", "d/e"), kNo, kNo},
        Case{"RenameDirectoriesInPlace", rename("d", "y"), rename("e", "z"), kYes, kYes},
        Case{"MoveDirectoryIntoRemoved", remove_directory("v"), rename("d", "v/d"), kNo, kNo},
        Case{"MoveDirectoryThenRemoveItsNewPlace", rename("d", "v/d"), remove_directory("v"), kNo,
             kNo},
        Case{"LinkThenOverwrite", link("a", "l"), overwrite("a"), kNo, kNo},
        Case{"OverwriteThenLink", overwrite("a"), link("a", "l"), kNo, kNo},
        Case{"RemoveThenLink", remove("a"), link("a", "l"), kNo, kNo},
        Case{"LinkThenRemove", link("a", "l"), remove("a"), kNo, kNo},
        Case{"LinkTwice", link("a", "l"), link("a", "m"), kNo, kNo},
        Case{"LinkDifferentFiles", link("a", "l"), link("b", "m"), kYes, kYes}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(ConflictTest, SerializableGuardsWhatWasRead) {
  const auto reads = [](const char* path) {
    return [path](Attempt& a) {
      a.read(path);
      a.make("out", "");
    };
  };
  const auto lists = [this](Attempt& a) {
    names(a.tree, a.snapshot);
    a.reads.directories[kRootInode] = a.snapshot.number();
    a.make("d/out", "");
  };
  const auto with = [this](Isolation isolation, const Change& first, Change last) {
    static int round = 0;
    return second(isolation, first, [last = std::move(last)](Attempt& a) {
      last(a);
      if (a.write.names.contains({kRootInode, "out"})) {
        // Another name each time.
        auto node = a.write.names.extract({kRootInode, "out"});
        node.key().name += std::to_string(++round);
        a.write.names.insert(std::move(node));
      }
    });
  };
  EXPECT_EQ(with(Isolation::kSerializable, overwrite("a"), reads("a")), kNo);
  EXPECT_EQ(with(Isolation::kSnapshot, overwrite("a"), reads("a")), kYes);
  EXPECT_EQ(with(Isolation::kSerializable, overwrite("b"), reads("a")), kYes);
  EXPECT_EQ(with(Isolation::kSerializable, make("n1"), reads("n1")), kNo) << "it was not there";
  EXPECT_EQ(with(Isolation::kSnapshot, make("n2"), reads("n2")), kYes);
  EXPECT_EQ(with(Isolation::kSerializable, make("n3"), lists), kNo);
  EXPECT_EQ(with(Isolation::kSerializable, make("e/n4"), lists), kYes);
}

TEST_F(ConflictTest, SerializableGuardsFilesThatAreReadUnderAnotherName) {
  Attempt make_link(*tree_, "link");
  make_link.link("a", "l");
  ASSERT_EQ(make_link.commit().kind, kYes);
  const auto read_link = [](Attempt& a) {
    a.text("l");
    a.make("o" + a.write.activation, "");
  };
  EXPECT_EQ(second(Isolation::kSerializable, overwrite("a"), read_link), kNo);
  EXPECT_EQ(second(Isolation::kSnapshot, overwrite("a"), read_link), kYes);
}

TEST_F(ConflictTest, AFileWithSeveralNamesIsOneFile) {
  Attempt make_link(*tree_, "link");
  make_link.link("a", "d/l");
  ASSERT_EQ(make_link.commit().kind, kYes);
  Attempt before(*tree_, "before");
  Attempt write(*tree_, "write");
  write.overwrite("d/l", "both");
  ASSERT_EQ(write.commit().kind, kYes);
  Attempt after(*tree_, "after");
  EXPECT_EQ(after.text("a"), "both");
  EXPECT_EQ(after.read("a")->links, 2U);
  EXPECT_EQ(before.text("a"), std::string(20'000, 'a'));
  expect_clean(*tree_);

  Attempt unlink(*tree_, "unlink");
  unlink.remove("a");
  ASSERT_EQ(unlink.commit().kind, kYes);
  Attempt single(*tree_, "single");
  EXPECT_EQ(single.read("d/l")->links, 1U);
  single.overwrite("d/l", "alone");
  ASSERT_EQ(single.commit().kind, kYes);
  EXPECT_EQ(Attempt(*tree_, "x").text("d/l"), "alone");
  expect_clean(*tree_);
  Attempt last(*tree_, "last");
  last.remove("d/l");
  ASSERT_EQ(last.commit().kind, kYes);
  expect_clean(*tree_);
}

TEST_F(ConflictTest, WhatDependedOnAnAncestorsNameIsNotDisturbedByItsRename) {
  Attempt move(*tree_, "move"), write(*other_, "write");
  move.rename("d", "e/d");
  write.overwrite("d/x", "new");
  EXPECT_EQ(move.commit().kind, kYes);
  EXPECT_EQ(write.commit().kind, kYes);
  EXPECT_EQ(Attempt(*tree_, "x").text("e/d/x"), "new");
  expect_clean(*tree_);
}

}  // namespace
}  // namespace storage_tree
