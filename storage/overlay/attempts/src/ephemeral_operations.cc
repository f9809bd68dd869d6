// Requests about open ephemeral files.
#include <cerrno>

#include "serve.h"

namespace storage_attempts {

void AttemptFileSystem::open_ephemeral(const std::shared_ptr<Attempt>& attempt, InodeNumber inode,
                                       int flags, Reply<storage_fuse::Opened> reply) {
  const auto shared = std::make_shared<Reply<storage_fuse::Opened>>(std::move(reply));
  attempt->ephemeral->open(inode, flags, [shared](auto opened) {
    if (!opened.ok()) return shared->fail(errno_of(opened.error()));
    shared->ok(std::move(*opened));
  });
}

void AttemptFileSystem::read_ephemeral(const std::shared_ptr<Attempt>& attempt, InodeNumber inode,
                                       Handle handle, std::uint64_t offset, std::size_t bytes,
                                       Reply<storage_fuse::Bytes> reply) {
  // Whoever answers takes the reply; a signal may come at any moment, also after that.
  struct Waiting {
    explicit Waiting(Reply<storage_fuse::Bytes> one) : reply(std::move(one)) {}
    std::mutex mutex;  // guards all below
    Reply<storage_fuse::Bytes> reply;
    bool answered = false;
    std::function<void()> interrupt;
    bool interrupted = false;
  };
  const auto waiting = std::make_shared<Waiting>(std::move(reply));
  const bool listening = waiting->reply.on_interrupt([weak = std::weak_ptr(waiting)] {
    const auto parked = weak.lock();
    if (!parked) return;
    std::unique_lock lock(parked->mutex);
    parked->interrupted = true;
    const auto interrupt = parked->interrupt;
    lock.unlock();
    if (interrupt) interrupt();
  });
  if (!listening) return waiting->reply.fail(EINTR);
  attempt->ephemeral->read(
      inode, handle, offset, bytes,
      [waiting](std::function<void()> interrupt) {
        std::unique_lock lock(waiting->mutex);
        waiting->interrupt = interrupt;
        const bool now = waiting->interrupted;
        lock.unlock();
        if (now) interrupt();
      },
      [waiting](auto result) {
        {
          const std::lock_guard lock(waiting->mutex);
          if (std::exchange(waiting->answered, true)) return;
        }
        if (result.ok())
          return waiting->reply.ok(std::as_bytes(std::span(result->data(), result->size())));
        const bool signal = result.error().code == base::ErrorCode::kDeadlineExceeded;
        waiting->reply.fail(signal ? EINTR : errno_of(result.error()));
      });
}

}  // namespace storage_attempts
