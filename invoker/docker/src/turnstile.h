// Lets a bounded number of threads through at once, in the order in which they came.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

namespace invoker_docker {

// Threads: any.
class Turnstile {
 public:
  // 0: any number.
  explicit Turnstile(int places) : places_(places) {}

  // Gives its place back when it goes.
  class Pass {
   public:
    explicit Pass(Turnstile& from) : from_(from) {}
    ~Pass() { from_.leave(); }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    Turnstile& from_;
  };

  Pass enter() {
    std::unique_lock lock(mutex_);
    const std::uint64_t ticket = next_++;
    changed_.wait(
        lock, [&] { return places_ <= 0 || ticket < left_ + static_cast<std::uint64_t>(places_); });
    return Pass(*this);
  }

 private:
  void leave() {
    {
      const std::lock_guard lock(mutex_);
      ++left_;
    }
    changed_.notify_all();
  }

  const int places_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::uint64_t next_ = 0;  // the next ticket
  std::uint64_t left_ = 0;  // how many have gone through
};

}  // namespace invoker_docker
