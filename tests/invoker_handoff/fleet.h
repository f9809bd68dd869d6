// Invokers that hand activations to each other, over links that lose, delay, repeat and reorder,
// while any of them may die at any moment; and the books of the controller that sent everything.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "invoker_handoff/executor_side.h"
#include "invoker_handoff/owner_side.h"

namespace invoker_handoff {

// How bad the world is: chances of each thing, in thousandths.
struct Weather {
  int lose = 0;       // a message
  int repeat = 0;     // a message
  int slow = 0;       // a message: up to 300 ms
  int cut = 0;        // a link, at each activation
  int kill = 0;       // an invoker, at each activation
  int no_room = 100;  // a reservation
  int cannot_begin = 20;
  int slow_start = 20;  // a container: up to 15 s
  bool seen = false;    // somebody else tells who lives
};

// What the controller knows of one activation.
struct Entry {
  int owner = 0;
  int runs = 0;                  // begun, anywhere
  int results = 0;               // acknowledged after it ran
  int errors = 0;                // acknowledged as an error of the system
  bool owner_died = false;       // while the activation was not acknowledged
  bool executor_died = false;    // that it was committed to
  bool executor_silent = false;  // it was out of reach, or messages of it were lost
};

class Fleet {
 public:
  Fleet(std::uint64_t seed, Weather weather, int nodes = 3);
  ~Fleet();

  // Sends so many activations, at random times, and waits until nothing moves any more.
  void run(int activations);

  const std::vector<Entry>& entries() const { return entries_; }
  // Of processes that live.
  std::size_t guests_left() const;
  std::size_t outstanding_left() const;
  int places_left() const { return places_; }
  std::uint64_t handed_over() const { return handed_over_; }
  std::uint64_t killed() const { return killed_; }

 private:
  struct Process;
  struct Try {  // of one activation at one peer
    std::size_t activation = 0;
    int tries = 0;
    int peer = 0;
    bool place_free = false;  // the feed has its place back
  };

  bool chance(int thousandths);
  std::chrono::microseconds up_to(std::chrono::microseconds most);
  void at(base::Instant when, std::function<void()> action);
  void after(std::chrono::microseconds wait, std::function<void()> action) {
    at(now_ + wait, std::move(action));
  }
  // While that life of the process goes on.
  void after(std::chrono::microseconds wait, int node, std::function<void()> action);

  void arrive();
  void offer(int node, const Try& what);
  void run_here(int node, std::size_t activation);
  void finish_run(int node, std::size_t activation, GuestId guest);
  void acknowledge(std::size_t activation, bool error);
  void send(int from, int to, const std::function<void(Process&)>& deliver, Ticket ticket);
  void obey(int node, const OwnerCommands& commands);
  void obey(int node, const ExecutorCommands& commands);
  void obey(int node, const OwnerCommand& command);
  void obey(int node, const ExecutorCommand& command);
  void reserve(int node, GuestId id);
  void begin(int node, GuestId id);
  void kill(int node);
  void cut(int a, int b);
  void join(int a, int b);
  void tick(int node);
  void see();

  std::mt19937_64 random_;
  Weather weather_;
  base::Instant now_{std::chrono::hours(1)};
  std::multimap<base::Instant, std::function<void()>> events_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::map<std::pair<int, int>, bool> linked_;
  std::vector<Entry> entries_;
  std::uint64_t lives_ = 0, handed_over_ = 0, killed_ = 0;
  int places_ = 0;  // of feeds, taken
  int arriving_ = 0;
};

}  // namespace invoker_handoff
