// How a request of the kernel is carried out: decided under the attempt's mutex, and again after
// what was missing has been waited for, on another thread.
#pragma once

#include <cerrno>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <variant>

#include "attempt.h"
#include "fetch_pool.h"
#include "storage_fuse/reply.h"
#include "storage_overlay/overlay.h"

namespace storage_daemon {

// Has to be done first: may wait for the store, and is called without the mutex.
using Wait = std::function<base::Status()>;

// A value, an errno, or what has to be waited for; then the body is called again.
template <typename V>
using Outcome = std::variant<V, int, Wait>;

// The errno for a volume that cannot be asked.
int errno_of(const base::Error& error);

// Why the overlay has no answer, as an outcome.
template <typename V>
Outcome<V> stopped(const std::shared_ptr<Attempt>& attempt, const storage_overlay::Stop& stop) {
  if (stop.error != 0) return stop.error;
  return Wait([attempt, need = stop.need] { return attempt->fetch(need); });
}

#define LET(declaration, expression) LET_(BASE_JOIN(let_, __LINE__), declaration, expression)
#define LET_(answer, declaration, expression)                   \
  auto answer = (expression);                                   \
  if (!answer.ok()) return stopped<V>(attempt, answer.error()); \
  declaration = std::move(answer).value()

// What is known of the request.
struct Asked {
  bool resent = false;
  std::uint64_t unique = 0;
  storage_fuse::Caller caller;
};

inline InodeNumber inode_in(const storage_overlay::View& view) { return view.inode; }
inline InodeNumber inode_in(const storage_overlay::Done&) { return 0; }
template <typename T>
storage_overlay::Answer<T> as_before(storage_overlay::Overlay& overlay, InodeNumber inode) {
  if constexpr (std::same_as<T, storage_overlay::View>) {
    return overlay.view(inode);
  } else {
    return storage_overlay::Done{};
  }
}

// A change that is made once, also where the kernel asks again because a daemon died with the
// answer.
template <typename Op>
auto once(Attempt& attempt, const Asked& asked, Op op)
    -> decltype(op(std::declval<storage_overlay::Overlay&>())) {
  using T = std::remove_cvref_t<decltype(*op(std::declval<storage_overlay::Overlay&>()))>;
  storage_overlay::Overlay& overlay = attempt.overlay_locked();
  if (asked.resent) {
    if (const auto earlier = overlay.earlier(asked.unique)) {
      if (earlier->error != 0) return storage_overlay::fail(earlier->error);
      return as_before<T>(overlay, earlier->inode);
    }
  }
  auto answer = op(overlay);
  if (answer.ok()) overlay.answered(asked.unique, 0, inode_in(*answer));
  return answer;
}

inline void send(storage_fuse::Reply<storage_fuse::Done>& reply, storage_overlay::Done&&) {
  reply.ok();
}
inline void send(storage_fuse::Reply<std::string_view>& reply, std::string&& value) {
  reply.ok(std::string_view(value));
}
inline void send(storage_fuse::Reply<storage_fuse::Bytes>& reply, std::string&& value) {
  reply.ok(std::as_bytes(std::span(value)));
}
template <typename R>
void send(storage_fuse::Reply<R>& reply, R&& value) {
  reply.ok(std::move(value));
}

template <typename V, typename R, typename Body>
class Running : public std::enable_shared_from_this<Running<V, R, Body>> {
 public:
  Running(FetchPool& pool, std::shared_ptr<Attempt> attempt, storage_fuse::Reply<R> reply,
          Body body)
      : pool_(pool),
        attempt_(std::move(attempt)),
        reply_(std::move(reply)),
        body_(std::move(body)) {
    asked_ = {reply_.resent(), reply_.unique(), reply_.caller()};
  }

  void step() {
    Outcome<V> outcome = decide();
    if (auto* const wait = std::get_if<Wait>(&outcome)) return post(std::move(*wait));
    // Without the mutex: where the kernel does not want the answer, we are called again.
    if (const int* const error = std::get_if<int>(&outcome)) return reply_.fail(*error);
    send(reply_, std::get<V>(std::move(outcome)));
  }

 private:
  Outcome<V> decide() {
    const std::lock_guard lock(attempt_->mutex());
    if (!attempt_->is_open_locked()) return ESTALE;
    Outcome<V> outcome = body_(attempt_, asked_);
    if (!attempt_->keep_locked()) return EIO;
    return outcome;
  }

  void post(Wait wait) {
    const bool posted = pool_.post(
        [self = this->shared_from_this(), wait = std::move(wait)] { self->resume(wait); });
    if (!posted) reply_.fail(EAGAIN);
  }

  void resume(const Wait& wait) {
    const base::Status status = wait();
    if (!status) return reply_.fail(errno_of(status.error()));
    step();
  }

  FetchPool& pool_;
  const std::shared_ptr<Attempt> attempt_;
  storage_fuse::Reply<R> reply_;
  Body body_;
  Asked asked_;
};

// `body`: (const std::shared_ptr<Attempt>&, const Asked&) -> Outcome<V>. No attempt: ESTALE.
template <typename V, typename R, typename Body>
void drive(FetchPool& pool, std::shared_ptr<Attempt> attempt, storage_fuse::Reply<R> reply,
           Body body) {
  if (attempt == nullptr) return reply.fail(ESTALE);
  std::make_shared<Running<V, R, Body>>(pool, std::move(attempt), std::move(reply), std::move(body))
      ->step();
}

}  // namespace storage_daemon
