#include "interleaving.h"

#include <algorithm>

namespace storage_tree {
namespace {

thread_local std::size_t this_node = SIZE_MAX;

}  // namespace

void Interleaving::run() {
  states_.assign(nodes_.size(), State::kWaiting);
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    threads.emplace_back([this, i] { run_node(i); });
  }
  std::unique_lock lock(mutex_);
  for (;;) {
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (states_[i] == State::kWaiting) ready.push_back(i);
    }
    if (ready.empty()) return;
    const std::size_t next = ready[random_() % ready.size()];
    states_[next] = State::kRunning;
    changed_.notify_all();
    changed_.wait(lock, [&] { return states_[next] != State::kRunning; });
  }
}

void Interleaving::run_node(std::size_t index) {
  this_node = index;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return states_[index] == State::kRunning; });
  }
  nodes_[index]();
  const std::lock_guard lock(mutex_);
  states_[index] = State::kDone;
  changed_.notify_all();
}

// Outside of a run everything happens at once.
void Interleaving::step() {
  if (this_node == SIZE_MAX) return;
  std::unique_lock lock(mutex_);
  states_[this_node] = State::kWaiting;
  changed_.notify_all();
  changed_.wait(lock, [&] { return states_[this_node] == State::kRunning; });
}

}  // namespace storage_tree
