// Several nodes on one store, one step at a time, in an order that a seed decides: each request
// waits before it is carried out and again before it is answered, so that answers come late and in
// another order; and nodes die.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "forwarding_store.h"

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
class NodeStore final : public ForwardingStore {
 public:
  NodeStore(storage::ObjectStore& store, Interleaving& world)
      : ForwardingStore(store), world_(world) {}

  // From now on: percent of requests at which the node dies, and whose answer is lost.
  void set_dangers(unsigned dies, unsigned loses) {
    dies_ = dies;
    loses_ = loses;
  }

 private:
  Fate before(const storage::ObjectWrite* /*change*/) override {
    world_.step();
    dying_ = world_.chance(dies_);
    if (!dying_ && !world_.chance(loses_)) return Fate::kGoesOn;
    return world_.chance(50) ? Fate::kLost : Fate::kLostAfterwards;
  }
  void after() override {
    if (dying_) throw NodeDied{};
    world_.step();
  }

  Interleaving& world_;
  unsigned dies_ = 0, loses_ = 0;
  bool dying_ = false;
};

}  // namespace storage_tree
