#include "workers.h"

#define FUSE_USE_VERSION 312
#include <fuse3/fuse_lowlevel.h>
#include <pthread.h>
#include <sched.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <span>

#include "base/check.h"
#include "incoming.h"

namespace storage_fuse {
namespace {

using namespace std::chrono_literals;

// A megabyte, and the headers before it.
constexpr std::size_t kBufferBytes = (1U << 20) + 4096;

// Only to end a read: sent to our own threads.
int wake_signal() { return SIGRTMIN + 7; }

void install_wake_signal() {
  struct sigaction action{};
  action.sa_handler = [](int) {};  // without SA_RESTART
  ::sigaction(wake_signal(), &action, nullptr);
}

void prepare_thread(const Core& core, unsigned index) {
  ::pthread_setname_np(::pthread_self(), ("fuse-" + std::to_string(index)).c_str());
  sigset_t all;
  ::sigfillset(&all);
  ::sigdelset(&all, wake_signal());
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) ::sigdelset(&all, fault);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
  const auto& cpus = core.options.cpus;
  if (cpus.empty()) return;
  cpu_set_t mine;
  CPU_ZERO(&mine);
  CPU_SET(static_cast<std::size_t>(cpus[index % cpus.size()]), &mine);
  ::pthread_setaffinity_np(::pthread_self(), sizeof mine, &mine);
}

void hand_to_libfuse(Core& core, const Incoming& incoming) {
  fuse_buf buffer{};
  buffer.mem = incoming.bytes().data();
  buffer.size = incoming.bytes().size();
  current_incoming() = &incoming;
  ::fuse_session_process_buf(core.session, &buffer);
  current_incoming() = nullptr;
}

// Before libfuse answers, so that the answer is ours.
void remember_init(Core& core, const Incoming& incoming) {
  const auto body = incoming.bytes().subspan(sizeof(fuse_in_header));
  const std::size_t size = std::min(body.size(), kInitBytesMax);
  std::memcpy(core.state->init_request.data(), body.data(), size);
  core.state->init_request_bytes = static_cast<std::uint32_t>(size);
  core.init_unique = incoming.header().unique;
}

}  // namespace

int send_reply(Core& core, std::uint64_t unique, std::span<const std::byte> body) {
  fuse_out_header header{};
  header.len = static_cast<std::uint32_t>(sizeof header + body.size());
  header.unique = unique;
  const iovec parts[] = {{&header, sizeof header},
                         {const_cast<std::byte*>(body.data()), body.size()}};
  return core.transport->send(parts);
}

void replay_init(Core& core) {
  std::vector<std::byte> request(sizeof(fuse_in_header) + core.state->init_request_bytes);
  fuse_in_header header{};
  header.len = static_cast<std::uint32_t>(request.size());
  header.opcode = FUSE_INIT;
  header.unique = ~std::uint64_t{0};  // no request of the kernel has it
  std::memcpy(request.data(), &header, sizeof header);
  std::memcpy(request.data() + sizeof header, core.state->init_request.data(),
              core.state->init_request_bytes);
  core.init_unique = header.unique;
  hand_to_libfuse(core, Incoming(request));
}

void Workers::start() {
  install_wake_signal();
  const std::lock_guard lock(mutex_);
  running_ = std::max(1U, core_->options.threads);
  for (unsigned index = 0; index < running_; ++index) {
    threads_.emplace_back([this, index] { run(index); });
  }
}

void Workers::run(unsigned index) {
  prepare_thread(*core_, index);
  // Not cleared: most requests are small, and what is never touched takes no memory.
  const auto memory = std::make_unique_for_overwrite<std::byte[]>(kBufferBytes);
  const std::span buffer(memory.get(), kBufferBytes);
  while (!core_->stopping && !core_->gone) {
    const int size = core_->transport->receive(buffer);
    if (size == -ENODEV) core_->gone = true;
    if (size == -EINTR || size == -EAGAIN || size == -ENODEV) continue;
    if (size < static_cast<int>(sizeof(fuse_in_header))) {
      core_->log.error("Fuse", "cannot read requests", {{"error", std::strerror(-size)}});
      core_->gone = true;
      break;
    }
    serve(buffer.first(static_cast<std::size_t>(size)));
  }
  const std::lock_guard lock(mutex_);
  --running_;
  ended_.notify_all();
}

void Workers::serve(std::span<std::byte> request) {
  core_->requests.fetch_add(1, std::memory_order_relaxed);
  const Incoming incoming(request);
  const std::uint32_t opcode = incoming.header().opcode;
  if (opcode == FUSE_INTERRUPT) return interrupt(incoming);
  if (opcode == FUSE_INIT) {
    // The predecessor died before the kernel heard its answer.
    if (core_->state->initialised != 0) {
      const auto& reply = core_->state->init_reply;
      send_reply(*core_, incoming.header().unique,
                 std::span(reply).first(core_->state->init_reply_bytes));
      return;
    }
    remember_init(*core_, incoming);
  }
  // The kernel asks for nothing else before INIT is answered; this tells the compiler so.
  CHECK(opcode == FUSE_INIT || core_->ready.load(std::memory_order_acquire));
  if (incoming.is_tmpfile()) incoming.show_as_create();
  hand_to_libfuse(*core_, incoming);
}

void Workers::interrupt(const Incoming& incoming) {
  if (core_->in_flight.interrupt(incoming.body<fuse_interrupt_in>().unique)) return;
  // Another thread is just about to take the request up, or has answered it. EAGAIN: say it again,
  // if there is still reason to.
  fuse_out_header header{};
  header.len = sizeof header;
  header.error = -EAGAIN;
  header.unique = incoming.header().unique;
  const iovec parts[] = {{&header, sizeof header}};
  core_->transport->send(parts);
}

void Workers::stop() {
  core_->stopping = true;
  std::unique_lock lock(mutex_);
  // A signal that comes just before a thread goes to read is lost: so more than one.
  while (running_ > 0) {
    for (auto& thread : threads_) ::pthread_kill(thread.native_handle(), wake_signal());
    ended_.wait_for(lock, 2ms);
  }
  threads_.clear();
}

bool Workers::wait(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return ended_.wait_for(lock, timeout, [this] { return running_ == 0; });
}

}  // namespace storage_fuse
