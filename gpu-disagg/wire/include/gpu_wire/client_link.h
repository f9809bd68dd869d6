// The client's end of a session: posts one-way messages, makes calls, takes what the session says
// unasked.
//
// One-way messages wait in a buffer until the next call, until there are 16 kB of them, or until a
// short quiet time; so a thousand launches are a handful of writes. Bytes that the session has not
// executed are bounded by the window it grants: whoever posts beyond it waits.
//
// Threads: any method from any thread. While one thread waits for its reply it reads for all;
// Events are called on that thread, and must not call the link. Errors: once the connection is lost
// every call answers kLost at once, and posts are dropped. Nothing reconnects.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "gpu_wire/endpoint.h"
#include "gpu_wire/flusher.h"
#include "gpu_wire/frame_reader.h"
#include "gpu_wire/messages.h"
#include "gpu_wire/transport.h"

namespace gpu_wire {

// The result of a call over a lost connection: CUDA's "device unavailable".
inline constexpr std::uint32_t kLost = 46;

class Events {
 public:
  virtual ~Events() = default;
  // The session's stream has come to a host function; run it elsewhere, then post HostDone.
  virtual void host_call(std::uint64_t function) = 0;
  virtual void print(std::string_view text) = 0;
};

template <typename Reply>
struct Answer {
  std::uint32_t result =
      kLost;  // of this call; or, when it went well, of an earlier one-way message
  std::uint32_t deferred_sequence = 0;  // which one, when it is an earlier one's
  Reply reply{};  // views into `bytes`; empty unless the call itself went well
  std::vector<std::byte> bytes{};
};

class ClientLink {
 public:
  struct Options {
    std::string token;
    std::string host;  // how this client is called in the daemon's lists
    std::chrono::milliseconds connect_time{5'000};
  };
  struct Counters {
    std::uint64_t flushes = 0, calls = 0, one_ways = 0, bytes_out = 0;
  };

  // Connects and is welcomed. kPermissionDenied: the session refuses, and says why; kUnavailable:
  // nobody there.
  static base::Result<std::unique_ptr<ClientLink>> open(const Endpoint& endpoint,
                                                        const Options& options, Events& events);
  static base::Result<std::unique_ptr<ClientLink>> open(std::unique_ptr<Transport> transport,
                                                        const Options& options, Events& events);
  ~ClientLink();
  ClientLink(const ClientLink&) = delete;
  ClientLink& operator=(const ClientLink&) = delete;

  // What the session told of its device. Views live as long as the link.
  const Welcome& welcome() const { return welcome_; }

  template <typename Message>
  void post(const Message& message) {
    const std::lock_guard lock(send_mutex_);
    append(message);
    ++counters_.one_ways;
    if (batch_.size() >= kFlushBytes) return flush_locked({});
    flusher_.touch();
  }

  // The same with a tail that is sent from where it lies; it may be changed when this returns.
  template <typename Message>
  void post_tail(const Message& message, std::span<const std::byte> tail) {
    const std::lock_guard lock(send_mutex_);
    ++counters_.one_ways;
    append_frame_head(batch_, ++sequence_, message, tail.size());
    if (tail.size() > kCopiedTailBytes) return flush_locked(tail);
    batch_.insert(batch_.end(), tail.begin(), tail.end());
    if (batch_.size() >= kFlushBytes) return flush_locked({});
    flusher_.touch();
  }

  template <typename Message>
  Answer<typename Message::Reply> call(const Message& message) {
    Waiter waiter;
    {
      const std::lock_guard lock(send_mutex_);
      waiter.sequence = append(message);
      ++counters_.calls;
      expect(waiter);
      flush_locked({});
    }
    return understand<typename Message::Reply>(await(waiter));
  }

  void flush();

  // Where the session's data of this number go. The place must stay until its last piece has come,
  // or removal.
  std::uint64_t add_landing(std::span<std::byte> place);
  void remove_landing(std::uint64_t landing);

  // From now on somebody always reads, also while no call is made. Host functions need it.
  void listen_always();

  bool lost() const { return lost_.load(std::memory_order_relaxed); }
  // Ends the connection at once: calls that wait answer kLost.
  void close();
  Counters counters() const;

 private:
  friend class Flusher;
  struct Waiter {
    std::uint32_t sequence = 0;
    bool done = false;
    std::vector<std::byte> payload;
  };
  struct Landing {
    std::uint64_t number;
    std::span<std::byte> place;
  };

  // Enough to be worth a write; small enough that a launch does not wait for many others.
  static constexpr std::size_t kFlushBytes = 16 << 10;
  // Copying so much costs less than a write of its own.
  static constexpr std::size_t kCopiedTailBytes = 8 << 10;

  ClientLink(std::unique_ptr<Transport> transport, Events& events);

  template <typename Message>
  std::uint32_t append(const Message& message) {
    append_frame(batch_, ++sequence_, message);
    return sequence_;
  }
  template <typename Reply>
  Answer<Reply> understand(std::vector<std::byte> payload) {
    Answer<Reply> answer{.bytes = std::move(payload)};
    Reader in(answer.bytes);
    ReplyHead head;
    if (!head.decode(in)) return answer;
    if (head.result == 0 && (!answer.reply.decode(in) || !in.at_end())) return answer;
    answer.result = head.result != 0 ? head.result : head.deferred;
    answer.deferred_sequence = head.deferred_sequence;
    return answer;
  }

  base::Status greet(const Options& options);
  void expect(Waiter& waiter);
  std::vector<std::byte> await(Waiter& waiter);
  void flush_locked(std::span<const std::byte> tail);
  void wait_for_window(std::uint64_t bytes);
  bool flush_if_quiet();
  template <typename Done>
  void read_until(const Done& done);
  base::Status handle(const FrameReader::Frame& frame);
  base::Status handle_data(const FrameReader::Frame& frame);
  base::Status handle_reply(const FrameReader::Frame& frame);
  base::Status receive_one();
  void lose();

  const std::unique_ptr<Transport> transport_;
  Events& events_;
  Welcome welcome_;
  std::vector<std::byte> welcome_bytes_;
  std::atomic<bool> lost_ = false;
  std::atomic<std::uint64_t> executed_ = 0;
  std::uint64_t window_ = kTailBytesMax * 4;  // until the welcome says more

  mutable std::mutex send_mutex_;  // guards what follows, and sending; taken before receive_mutex_
  std::vector<std::byte> batch_;
  std::uint32_t sequence_ = 0;
  std::uint64_t sent_ = 0;
  Counters counters_;
  std::uint32_t quiet_sequence_ = 0;
  int quiet_ticks_ = 0;

  std::mutex receive_mutex_;  // guards what follows; reader_ belongs to whoever set reading_
  std::condition_variable received_;
  bool reading_ = false;
  int followers_ = 0;
  std::vector<Waiter*> waiters_;
  std::vector<Landing> landings_;
  std::uint64_t last_landing_ = 0;
  FrameReader reader_;

  std::jthread listener_;
  Flusher flusher_;
};

}  // namespace gpu_wire
