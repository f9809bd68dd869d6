#include "device/engine.h"

#include <set>

namespace gpu_host {

using gpu_device::Answer;
using gpu_device::CuResult;

namespace {

constexpr std::size_t kQueueMost = 1 << 16;
constexpr std::size_t kStreamsMost = 4096, kEventsMost = 1 << 16;

}  // namespace

Engine::Engine() {
  streams_[StreamId::kLegacy] = Stream{};
  streams_[StreamId::kPerThread] = Stream{};
  worker_ = std::jthread([this](const std::stop_token& stop) { do_work(stop); });
  caller_ = std::jthread([this](const std::stop_token& stop) { do_calls(stop); });
}

Engine::~Engine() {
  worker_.request_stop();
  caller_.request_stop();
  worker_.join();
  caller_.join();
}

// ---- work

CuResult Engine::add(Work work, bool quick) {
  std::unique_lock lock(mutex_);
  work.stream = plain(work.stream);
  if (!streams_.contains(work.stream)) return CuResult::kInvalidHandle;
  changed_.wait(lock, [&] { return queue_.size() < kQueueMost; });
  if (fault_.result != CuResult::kSuccess) return fault_.result;
  const bool idle = queue_.empty() && !working_;
  queue_.push_back(std::move(work));
  if (!quick || !idle) {
    changed_.notify_all();
    return CuResult::kSuccess;
  }
  const auto here = std::prev(queue_.end());
  here->begun = working_ = true;
  lock.unlock();
  Fault fault = here->task();
  lock.lock();
  working_ = false;
  finish(here, std::move(fault));
  return fault_.result;
}

CuResult Engine::submit(StreamId stream, Task task, bool quick) {
  Work work;
  work.stream = stream;
  work.task = std::move(task);
  return add(std::move(work), quick);
}

CuResult Engine::call_host(StreamId stream, std::function<void()> call) {
  Work work;
  work.kind = Kind::kHostCall;
  work.stream = stream;
  work.call = std::move(call);
  return add(std::move(work), false);
}

// The first in the order of coming that waits for nothing before it.
Engine::Queue::iterator Engine::next_ready() {
  std::set<StreamId> busy;
  bool legacy_busy = false, blocking_busy = false;
  for (auto work = queue_.begin(); work != queue_.end(); ++work) {
    const bool legacy = is_legacy(work->stream);
    const auto stream = streams_.find(work->stream);
    const bool blocking = stream == streams_.end() || stream->second.blocking;
    const bool waits = work->begun || busy.contains(work->stream) ||
                       (legacy ? blocking_busy : blocking && legacy_busy) ||
                       (work->kind == Kind::kWait && !work->record->done) ||
                       (work->kind == Kind::kHostCall && host_call_.has_value());
    if (!waits) return work;
    busy.insert(work->stream);
    legacy_busy = legacy_busy || legacy;
    blocking_busy = blocking_busy || (!legacy && blocking);
  }
  return queue_.end();
}

void Engine::note(Fault fault) {
  if (fault_.result == CuResult::kSuccess) fault_ = std::move(fault);
}

// Called with the mutex held.
void Engine::finish(Queue::iterator work, Fault fault) {
  note(std::move(fault));
  queue_.erase(work);
  changed_.notify_all();
}

void Engine::do_work(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    auto work = queue_.end();
    changed_.wait(lock, stop, [&] {
      work = working_ ? queue_.end() : next_ready();
      return work != queue_.end();
    });
    if (stop.stop_requested()) return;
    work->begun = true;
    if (fault_.result != CuResult::kSuccess) {
      // Nothing runs any more, but who waits for it must go on.
      if (work->record && work->kind == Kind::kRecord) work->record->done = true;
      finish(work, {});
    } else if (work->kind == Kind::kHostCall) {
      host_call_ = work;
      changed_.notify_all();
    } else if (work->kind == Kind::kTask) {
      working_ = true;
      lock.unlock();
      Fault fault = work->task();
      lock.lock();
      working_ = false;
      finish(work, std::move(fault));
    } else {
      if (work->kind == Kind::kRecord)
        *work->record = Record{true, std::chrono::steady_clock::now()};
      finish(work, {});
    }
  }
}

void Engine::do_calls(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, stop, [&] { return host_call_.has_value(); });
    if (stop.stop_requested()) return;
    const auto work = *host_call_;
    lock.unlock();
    work->call();
    lock.lock();
    host_call_.reset();
    finish(work, {});
  }
}

// ---- streams

bool Engine::pending(StreamId stream) const {
  for (const Work& work : queue_) {
    if (work.stream == stream) return true;
    // The legacy stream is done when what it waits for is.
    if (is_legacy(stream)) {
      const auto found = streams_.find(work.stream);
      if (found == streams_.end() || found->second.blocking) return true;
    }
  }
  return false;
}

CuResult Engine::wait_until(const std::function<bool()>& done) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, done);
  return fault_.result;
}

Answer<gpu_device::StreamId> Engine::create_stream(unsigned flags) {
  const std::lock_guard lock(mutex_);
  if (fault_.result != CuResult::kSuccess) return fault_.result;
  if ((flags & ~gpu_device::kStreamNonBlocking) != 0) return CuResult::kInvalidValue;
  if (streams_.size() >= kStreamsMost) return CuResult::kOutOfMemory;
  const auto id = static_cast<StreamId>(next_id_++);
  streams_[id] = Stream{(flags & gpu_device::kStreamNonBlocking) == 0};
  return id;
}

CuResult Engine::destroy_stream(StreamId stream) {
  const std::lock_guard lock(mutex_);
  if (stream <= StreamId::kPerThread || streams_.erase(stream) == 0)
    return CuResult::kInvalidHandle;
  return fault_.result;
}

CuResult Engine::query_stream(StreamId stream) {
  const std::lock_guard lock(mutex_);
  if (!streams_.contains(plain(stream))) return CuResult::kInvalidHandle;
  if (fault_.result != CuResult::kSuccess) return fault_.result;
  return pending(plain(stream)) ? CuResult::kNotReady : CuResult::kSuccess;
}

CuResult Engine::synchronize_stream(StreamId stream) {
  {
    const std::lock_guard lock(mutex_);
    if (!streams_.contains(plain(stream))) return CuResult::kInvalidHandle;
  }
  return wait_until([&] { return !pending(plain(stream)); });
}

CuResult Engine::synchronize() {
  return wait_until([&] { return queue_.empty(); });
}

// ---- events

Answer<gpu_device::EventId> Engine::create_event(unsigned flags) {
  const std::lock_guard lock(mutex_);
  if (fault_.result != CuResult::kSuccess) return fault_.result;
  if ((flags & ~(gpu_device::kEventBlockingSync | gpu_device::kEventDisableTiming)) != 0) {
    return CuResult::kInvalidValue;
  }
  if (events_.size() >= kEventsMost) return CuResult::kOutOfMemory;
  const auto id = static_cast<EventId>(next_id_++);
  events_[id] = Event{flags, nullptr};
  return id;
}

CuResult Engine::destroy_event(EventId event) {
  const std::lock_guard lock(mutex_);
  if (events_.erase(event) == 0) return CuResult::kInvalidHandle;
  return fault_.result;
}

CuResult Engine::record(EventId event, StreamId stream) {
  Work work;
  work.kind = Kind::kRecord;
  work.stream = stream;
  work.record = std::make_shared<Record>();
  {
    const std::lock_guard lock(mutex_);
    const auto found = events_.find(event);
    if (found == events_.end() || !streams_.contains(plain(stream)))
      return CuResult::kInvalidHandle;
    if (fault_.result != CuResult::kSuccess) return fault_.result;
    found->second.record = work.record;
    if (queue_.empty() && !working_) {
      *work.record = Record{true, std::chrono::steady_clock::now()};
      return CuResult::kSuccess;
    }
  }
  return add(std::move(work), false);
}

CuResult Engine::wait_event(StreamId stream, EventId event) {
  Work work;
  work.kind = Kind::kWait;
  work.stream = stream;
  {
    const std::lock_guard lock(mutex_);
    const auto found = events_.find(event);
    if (found == events_.end() || !streams_.contains(plain(stream)))
      return CuResult::kInvalidHandle;
    // An event that was never recorded is nothing to wait for.
    if (!found->second.record || found->second.record->done) return fault_.result;
    work.record = found->second.record;
  }
  return add(std::move(work), false);
}

CuResult Engine::query_event(EventId event) {
  const std::lock_guard lock(mutex_);
  const auto found = events_.find(event);
  if (found == events_.end()) return CuResult::kInvalidHandle;
  if (fault_.result != CuResult::kSuccess) return fault_.result;
  const bool done = !found->second.record || found->second.record->done;
  return done ? CuResult::kSuccess : CuResult::kNotReady;
}

CuResult Engine::synchronize_event(EventId event) {
  std::shared_ptr<Record> record;
  {
    const std::lock_guard lock(mutex_);
    const auto found = events_.find(event);
    if (found == events_.end()) return CuResult::kInvalidHandle;
    record = found->second.record;
  }
  return wait_until([&] { return !record || record->done; });
}

Answer<float> Engine::elapsed_ms(EventId start, EventId end) {
  const std::lock_guard lock(mutex_);
  if (fault_.result != CuResult::kSuccess) return fault_.result;
  const auto first = events_.find(start), last = events_.find(end);
  if (first == events_.end() || last == events_.end()) return CuResult::kInvalidHandle;
  for (const auto& found : {first, last}) {
    const bool untimed = (found->second.flags & gpu_device::kEventDisableTiming) != 0;
    if (untimed || !found->second.record) return CuResult::kInvalidHandle;
  }
  if (!first->second.record->done || !last->second.record->done) return CuResult::kNotReady;
  const auto apart = last->second.record->at - first->second.record->at;
  return std::chrono::duration<float, std::milli>(apart).count();
}

// ---- faults

CuResult Engine::sticky() {
  const std::lock_guard lock(mutex_);
  return fault_.result;
}

std::string Engine::fault_text() {
  const std::lock_guard lock(mutex_);
  return fault_.text;
}

void Engine::fail(Fault fault) {
  const std::lock_guard lock(mutex_);
  note(std::move(fault));
  changed_.notify_all();
}

}  // namespace gpu_host
