// Random histories of activations that publish at once (isolation "none"): operations of several of
// them overlap, conflict, are undone and done anew, and their daemon is restarted. What each of
// them was answered, and what the volume is then, must be what one order of the two operations
// gives that overlapped, each done alone; so nothing is lost, and nothing is there by half.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdio>
#include <deque>
#include <functional>
#include <random>

#include "paths.h"

namespace storage_overlay {
namespace {

using Operation = std::function<int(Paths&)>;

struct Outcome {
  int first = 0, second = 0;
  Tree tree;
};

class Activation {
 public:
  explicit Activation(MemoryVolume& volume) : volume_(volume), overlay_(options()) {}

  // Up to the commit: what it would answer.
  int attempt(const Operation& operation) {
    refresh();
    return redo(operation);
  }
  int redo(const Operation& operation) {
    Paths paths(volume_, overlay_);
    return operation(paths);
  }
  // Until it is published, or is an error that counts as of now.
  int publish(const Operation& operation, int answer) {
    while (true) {
      journal_ += overlay_.take_journal();
      const Changes changes = overlay_.changes([](InodeNumber) { return Bytes::kNotNow; });
      const CommitNumber before = overlay_.snapshot();
      if (volume_.commit(changes.write)) {
        overlay_.published(volume_.head(), volume_.head() == before + 1, {});
        return answer;
      }
      ++conflicts_;
      overlay_.undo(volume_.head());
      answer = redo(operation);
    }
  }
  void hold(const std::string& path) {
    const auto view = Paths(volume_, overlay_).stat(path);
    if (!view.ok()) return;
    overlay_.hold(view->inode);
    held_.push_back(view->inode);
  }
  // What the kernel may ask of a node that it knows: never an endless question.
  void look_at_held() {
    refresh();  // the volume in memory knows no older snapshots
    for (const InodeNumber inode : held_)
      static_cast<void>(volume_.run<View>(overlay_, [&] { return overlay_.view(inode); }).ok());
  }
  void restart(bool compact) {
    journal_ += overlay_.take_journal();
    if (compact) journal_ = overlay_.whole_journal();
    Overlay next(options());
    ASSERT_EQ(next.replay(journal_), journal_.size());
    next.undo(volume_.head());
    overlay_ = std::move(next);
    journal_ += overlay_.take_journal();
  }
  void refresh() {
    if (volume_.head() > overlay_.snapshot()) overlay_.move_to(volume_.head());
    journal_ += overlay_.take_journal();
  }
  Tree tree() {
    refresh();
    return Paths(volume_, overlay_).tree();
  }
  int conflicts() const { return conflicts_; }

 private:
  OverlayOptions options() const {
    OverlayOptions options;
    options.snapshot = volume_.head();
    options.publish = Publish::kAtOnce;
    return options;
  }

  MemoryVolume& volume_;
  Overlay overlay_;
  std::string journal_;
  std::vector<InodeNumber> held_;
  int conflicts_ = 0;
};

class NoneHistory : public testing::TestWithParam<std::uint32_t> {
 protected:
  std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
  std::string path() {
    static constexpr const char* kNames[] = {"a", "b", "c"};
    std::string path = kNames[pick(3)];
    while (pick(3) == 0 && path.size() < 5) path += std::string("/") + kNames[pick(3)];
    return path;
  }
  Operation operation() {
    const std::string a = path(), b = path();
    switch (const auto kind = pick(10); kind) {
      case 0:
        return [a](Paths& paths) { return paths.make(a, {}); };
      case 1:
      case 2:
        return [a](Paths& paths) { return paths.make(a, {FileType::kDirectory, 0755, ""}); };
      case 3:
        return [a, b](Paths& paths) { return paths.link(a, b); };
      case 4:
        return [a](Paths& paths) { return paths.unlink(a); };
      case 5:
        return [a](Paths& paths) { return paths.rmdir(a); };
      case 6:
        return [a, mode = pick(01000)](Paths& paths) { return paths.chmod(a, mode); };
      case 7:
        return [a, b](Paths& paths) { return paths.rename(a, b, RENAME_EXCHANGE); };
      default:
        return [a, b](Paths& paths) { return paths.rename(a, b); };
    }
  }
  // The two in that order, each by somebody who sees all of the one before.
  static Outcome alone(MemoryVolume volume, const Operation& first, const Operation& second) {
    Outcome outcome;
    for (const auto& [operation, answer] :
         {std::pair(&first, &outcome.first), std::pair(&second, &outcome.second)}) {
      Activation activation(volume);
      *answer = activation.publish(*operation, activation.attempt(*operation));
    }
    outcome.tree = Activation(volume).tree();
    return outcome;
  }
  static bool same(const Outcome& a, const Outcome& b) {
    return a.first == b.first && a.second == b.second && difference(a.tree, b.tree).empty();
  }

  std::mt19937 random_;
  MemoryVolume volume_;
};

TEST_P(NoneHistory, IsOneThatCouldHaveBeenOneAfterTheOther) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  random_.seed(GetParam());
  std::deque<Activation> activations;
  for (int i = 0; i < 3; ++i) activations.emplace_back(volume_);
  for (int step = 0; step < 400; ++step) {
    Activation& one = activations[pick(3)];
    Activation& other = activations[pick(3)];
    const Operation slow = operation(), quick = operation();
    const MemoryVolume before = volume_;
    Outcome real;
    int answer = one.attempt(slow);
    if (&one != &other) real.second = other.publish(quick, other.attempt(quick));
    real.first = one.publish(slow, answer);
    if (&one == &other) real.second = other.publish(quick, other.attempt(quick));
    real.tree = Activation(volume_).tree();
    Outcome quick_first = alone(before, quick, slow);
    std::swap(quick_first.first, quick_first.second);
    const Outcome slow_first = alone(before, slow, quick);
    ASSERT_TRUE(same(real, slow_first) || same(real, quick_first))
        << "step " << step << ": " << real.first << " and " << real.second << ", and not "
        << slow_first.first << " and " << slow_first.second << " nor " << quick_first.first
        << " and " << quick_first.second << "\n"
        << difference(real.tree, slow_first.tree) << "or\n"
        << difference(real.tree, quick_first.tree);
    if (pick(3) == 0) one.hold(path());
    one.look_at_held();
    if (pick(10) == 0) other.restart(pick(2) == 0);
    ASSERT_EQ(difference(other.tree(), real.tree), "") << "step " << step;
  }
  int conflicts = 0;
  for (const Activation& activation : activations) conflicts += activation.conflicts();
  EXPECT_GT(conflicts, 0) << "they did not meet";
}

INSTANTIATE_TEST_SUITE_P(Seeds, NoneHistory, testing::Range(std::uint32_t{1}, std::uint32_t{41}));

}  // namespace
}  // namespace storage_overlay
