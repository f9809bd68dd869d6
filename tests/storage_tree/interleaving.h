// Several nodes on one store, one step at a time, in an order that a seed decides: each request
// waits before it is carried out and again before it is answered, so that answers come late and in
// another order; and nodes die.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "storage/object_store.h"
#include "testing/fake_clock.h"

namespace storage_tree {

// Thrown out of a request: its node is dead.
struct NodeDied {};

class Interleaving {
 public:
  explicit Interleaving(std::uint64_t seed) : random_(seed) {}

  // Each runs on a thread of its own, and only while it is its turn.
  void add(std::function<void()> node) { nodes_.push_back(std::move(node)); }
  void run();

  // Called by a node: others may go on before it does.
  void step();
  // A number of the whole history.
  std::uint64_t moment() { return ++moments_; }
  bool chance(unsigned percent) { return random_() % 100 < percent; }
  std::uint64_t random() { return random_(); }

 private:
  enum class State { kWaiting, kRunning, kDone };
  void run_node(std::size_t index);

  std::mt19937_64 random_;  // of whoever runs
  std::uint64_t moments_ = 0;
  std::vector<std::function<void()>> nodes_;
  std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  std::vector<State> states_;
};

// The store as one node reaches it.
class NodeStore final : public storage::ObjectStore {
 public:
  NodeStore(storage::ObjectStore& store, Interleaving& world) : store_(store), world_(world) {}

  // From now on: percent of requests at which the node dies, and whose answer is lost.
  void set_dangers(unsigned dies, unsigned loses) {
    dies_ = dies;
    loses_ = loses;
  }

  using ObjectStore::omap_get;
  using ObjectStore::omap_list;
  using ObjectStore::read;
  using ObjectStore::stat;
  using ObjectStore::write;
  void write(const storage::ObjectId& object, storage::ObjectWrite change,
             Done<storage::ObjectVersion> done) override {
    ask<storage::ObjectVersion>([&] { return store_.write(object, std::move(change)); }, done);
  }
  void read(const storage::ObjectId& object, std::uint64_t offset, std::uint64_t length,
            Done<std::string> done) override {
    ask<std::string>([&] { return store_.read(object, offset, length); }, done);
  }
  void omap_get(const storage::ObjectId& object, std::vector<std::string> keys,
                Done<storage::OmapPage> done) override {
    ask<storage::OmapPage>([&] { return store_.omap_get(object, std::move(keys)); }, done);
  }
  void omap_list(const storage::ObjectId& object, const std::string& after,
                 const std::string& prefix, std::size_t most,
                 Done<storage::OmapPage> done) override {
    ask<storage::OmapPage>([&] { return store_.omap_list(object, after, prefix, most); }, done);
  }
  void stat(const storage::ObjectId& object, Done<storage::ObjectStat> done) override {
    ask<storage::ObjectStat>([&] { return store_.stat(object); }, done);
  }
  base::Result<std::vector<std::string>> list(storage::Pool pool, const std::string& space,
                                              std::string& cursor, std::size_t most) override {
    return store_.list(pool, space, cursor, most);
  }
  base::Result<std::unique_ptr<storage::Watch>> watch(const storage::ObjectId& object,
                                                      std::function<void(std::string_view)> heard,
                                                      std::function<void()> lost) override {
    return store_.watch(object, std::move(heard), std::move(lost));
  }
  void notify(const storage::ObjectId& object, std::string bytes) override {
    store_.notify(object, std::move(bytes));
  }

 private:
  template <typename T>
  void ask(const std::function<base::Result<T>()>& carry_out, const Done<T>& done) {
    world_.step();
    const bool dies = world_.chance(dies_), loses = world_.chance(loses_);
    const bool is_done = !(dies || loses) || world_.chance(50);
    base::Result<T> answer = base::Error{base::ErrorCode::kDeadlineExceeded, "no answer"};
    if (is_done) answer = carry_out();
    if (dies) throw NodeDied{};
    if (loses) answer = base::Error{base::ErrorCode::kDeadlineExceeded, "no answer"};
    world_.step();
    done(std::move(answer));
  }

  storage::ObjectStore& store_;
  Interleaving& world_;
  unsigned dies_ = 0, loses_ = 0;
};

}  // namespace storage_tree
