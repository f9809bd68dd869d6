#include "delay_proxy.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace bench_gpu {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPieceBytes = 64 << 10;
// More than a window of requests: a sender is never held up by the proxy itself.
constexpr std::size_t kQueuedMax = 128 << 20;

class OneWay {
 public:
  OneWay(gpu_wire::Transport& from, gpu_wire::Transport& to, std::chrono::microseconds delay)
      : from_(from), to_(to), delay_(delay) {}

  void read() {
    while (true) {
      std::vector<std::byte> bytes = room();
      const auto got = from_.receive(bytes);
      std::unique_lock lock(mutex_);
      if (!got.ok()) break;
      bytes.resize(*got);
      changed_.wait(lock, [this] { return queued_ < kQueuedMax; });
      queued_ += bytes.size();
      pieces_.push_back({Clock::now() + delay_, std::move(bytes)});
      changed_.notify_all();
    }
    ended_ = true;
    changed_.notify_all();
  }

  void write() {
    while (true) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !pieces_.empty() || ended_; });
      if (pieces_.empty()) break;
      Piece piece = std::move(pieces_.front());
      pieces_.pop_front();
      queued_ -= piece.bytes.size();
      changed_.notify_all();
      lock.unlock();
      std::this_thread::sleep_until(piece.due);
      if (!to_.send(piece.bytes, {}).ok()) break;
      lock.lock();
      free_.push_back(std::move(piece.bytes));
    }
    from_.close();
    to_.close();
  }

 private:
  // Memory that was used before: at this rate the allocator would give it back and fetch it again.
  std::vector<std::byte> room() {
    std::vector<std::byte> bytes;
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        bytes = std::move(free_.back());
        free_.pop_back();
      }
    }
    bytes.resize(kPieceBytes);
    return bytes;
  }

  struct Piece {
    Clock::time_point due;
    std::vector<std::byte> bytes;
  };

  gpu_wire::Transport& from_;
  gpu_wire::Transport& to_;
  const std::chrono::microseconds delay_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Piece> pieces_;
  std::vector<std::vector<std::byte>> free_;
  std::size_t queued_ = 0;
  bool ended_ = false;
};

}  // namespace

void pass_on(gpu_wire::Transport& client, gpu_wire::Transport& server,
             std::chrono::microseconds each_way) {
  OneWay up(client, server, each_way), down(server, client, each_way);
  std::jthread up_reader([&] { up.read(); }), up_writer([&] { up.write(); });
  std::jthread down_reader([&] { down.read(); }), down_writer([&] { down.write(); });
}

}  // namespace bench_gpu
