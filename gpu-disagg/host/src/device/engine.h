// The queues of streams, and the thread that does their work.
//
// Work of one stream is done in its order; work of different streams in the order in which it came,
// as far as it can. One thread does it, another runs host functions, which may take as long as they
// like and stall their stream alone. What is quick is done by the caller when nothing else is to be
// done. Threads: any. Lock order: the engine's mutex is taken last and never held while work runs.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "gpu_device/device.h"
#include "run/grid.h"

namespace gpu_host {

class Engine {
 public:
  using CuResult = gpu_device::CuResult;
  using StreamId = gpu_device::StreamId;
  using EventId = gpu_device::EventId;
  // What came of a piece of work; a fault is sticky.
  using Task = std::function<Fault()>;

  Engine();
  // Drops what has not begun.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  gpu_device::Answer<StreamId> create_stream(unsigned flags);
  CuResult destroy_stream(StreamId stream);
  CuResult query_stream(StreamId stream);
  CuResult synchronize_stream(StreamId stream);
  CuResult synchronize();

  CuResult submit(StreamId stream, Task task, bool quick);
  CuResult call_host(StreamId stream, std::function<void()> call);

  gpu_device::Answer<EventId> create_event(unsigned flags);
  CuResult destroy_event(EventId event);
  CuResult record(EventId event, StreamId stream);
  CuResult wait_event(StreamId stream, EventId event);
  CuResult query_event(EventId event);
  CuResult synchronize_event(EventId event);
  gpu_device::Answer<float> elapsed_ms(EventId start, EventId end);

  CuResult sticky();
  std::string fault_text();
  // The context ends with this fault, unless it has ended before.
  void fail(Fault fault);

 private:
  // One time that an event was recorded.
  struct Record {
    bool done = false;
    base::Instant at;
  };
  struct Event {
    unsigned flags = 0;
    std::shared_ptr<Record> record;
  };
  enum class Kind { kTask, kHostCall, kRecord, kWait };
  struct Work {
    Kind kind = Kind::kTask;
    StreamId stream = StreamId::kLegacy;
    Task task;
    std::function<void()> call;
    std::shared_ptr<Record> record;
    bool begun = false;
  };
  struct Stream {
    bool blocking = true;  // waits for the legacy stream
  };
  using Queue = std::list<Work>;

  static bool is_legacy(StreamId stream) { return stream <= StreamId::kLegacyNamed; }
  static StreamId plain(StreamId stream) { return is_legacy(stream) ? StreamId::kLegacy : stream; }

  CuResult add(Work work, bool quick);
  Queue::iterator next_ready();
  bool pending(StreamId stream) const;
  void do_work(std::stop_token stop);
  void do_calls(std::stop_token stop);
  void finish(Queue::iterator work, Fault fault);
  void note(Fault fault);
  CuResult wait_until(const std::function<bool()>& done);

  std::mutex mutex_;  // guards all below
  std::condition_variable_any changed_;
  Queue queue_;
  std::map<StreamId, Stream> streams_;
  std::map<EventId, Event> events_;
  std::optional<Queue::iterator> host_call_;  // that is to run, or runs
  bool working_ = false;                      // somebody does a task
  std::uint64_t next_id_ = 16;
  Fault fault_;
  std::jthread worker_, caller_;
};

}  // namespace gpu_host
