// Nodes in one process, each with an address and a directory of its own, on one store.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "storage_ephemeral/node.h"
#include "storage_ephemeral/volume.h"
#include "testing/eventually.h"
#include "testing/fake_clock.h"
#include "testing/memory_object_store.h"
#include "testing/scratch_folder.h"

namespace storage_ephemeral {

using testing_support::eventually;

constexpr std::chrono::seconds kSoon{20};

// Waits for what a call answers.
template <typename Outcome>
class AnswerOf {
 public:
  std::function<void(Outcome)> done() {
    return [promise = promise_](Outcome outcome) { promise->set_value(std::move(outcome)); };
  }
  bool there() { return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }
  Outcome get() {
    if (future_.wait_for(kSoon) == std::future_status::ready) return future_.get();
    return base::Error{base::ErrorCode::kInternal, "no answer"};
  }

 private:
  std::shared_ptr<std::promise<Outcome>> promise_ = std::make_shared<std::promise<Outcome>>();
  std::future<Outcome> future_ = promise_->get_future();
};
template <typename T>
using Answer = AnswerOf<base::Result<T>>;
using AnswerStatus = AnswerOf<base::Status>;

class Cluster {
 public:
  using Change = std::function<void(NodeSettings&)>;

  ~Cluster();

  // A node with the volume "guest/job" attached. Named again, it comes back where it was.
  Volume& start(const NodeName& name, const Change& change = {},
                const std::vector<Attempt>& alive = {});
  void stop(const NodeName& name);
  Volume& on(const NodeName& name) { return *nodes_.at(name).volume; }
  Node& node(const NodeName& name) { return *nodes_.at(name).node; }
  // Where others look for it.
  void redirect(const NodeName& name, std::optional<NodeAddress> address);
  std::optional<NodeAddress> address(const NodeName& name);
  std::filesystem::path directory(const NodeName& name) const { return root_.path() / name; }

  testing_support::MemoryObjectStore store{testing_support::MemoryObjectStore::Answers::kOnThread};
  testing_support::FakeClock clock;

 private:
  struct Running {
    std::unique_ptr<Node> node;
    std::shared_ptr<Volume> volume;
  };

  testing_support::ScratchFolder root_;
  base::DiscardSink sink_;
  std::mutex mutex_;  // guards addresses_
  std::map<NodeName, NodeAddress> addresses_;
  std::map<NodeName, Running> nodes_;
};

// Knows within a second or so that another node is silent.
void watchful(NodeSettings& settings);

// Nodes a and b.
class TwoNodes : public testing::Test {
 protected:
  explicit TwoNodes(const Cluster::Change& change = {}) {
    cluster.start("a", change);
    cluster.start("b", change);
  }
  Volume& a() { return cluster.on("a"); }
  Volume& b() { return cluster.on("b"); }

  Cluster cluster;
};

base::Status flush(Volume& volume, const Attempt& attempt);
base::Status refresh(Volume& volume);

// A new file of `attempt` in the root.
NewInode new_file(storage::InodeNumber inode, const Attempt& attempt);
storage::NameKey name(const std::string& text);
// Made, opened for writing.
OpenFile begin_file(Volume& volume, const std::string& text, const NewInode& what);
void append(const OpenFile& file, std::string_view bytes);
// With `bytes`, closed.
FileId write_file(Volume& volume, const std::string& text, const NewInode& what,
                  std::string_view bytes);

// Reads to the end, as a program does: each read waits for what it needs.
base::Result<std::string> read_rest(Volume& volume, const OpenFile& file, std::uint64_t from = 0,
                                    std::size_t step = 1 << 20);
base::Result<OpenFile> open_file(Volume& volume, const std::string& text, const Attempt& attempt,
                                 Volume::Visible visible = Volume::Visible::kWriting);
// Opened, read, closed. The name must be there soon.
base::Result<std::string> read_file(Volume& volume, const std::string& text,
                                    const Attempt& attempt = "reader");
std::string noise(std::size_t bytes, unsigned seed = 1);

}  // namespace storage_ephemeral
