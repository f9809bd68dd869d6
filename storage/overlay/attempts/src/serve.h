// How a request becomes an operation of an attempt: it is tried, told what it lacks, and tried
// again; the journal is written before the answer goes out.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "attempt.h"

namespace storage_attempts {

namespace fuse = storage_fuse;

template <typename T>
void send(fuse::Reply<T>& reply, T& value) {
  reply.ok(std::move(value));
}
inline void send(fuse::Reply<fuse::Done>& reply, storage_overlay::Done&) { reply.ok(); }
inline void send(fuse::Reply<fuse::Bytes>& reply, std::string& value) {
  reply.ok(std::as_bytes(std::span(value.data(), value.size())));
}
inline void send(fuse::Reply<std::string_view>& reply, std::string& value) {
  reply.ok(std::string_view(value));
}

template <typename V, typename Deliver>
class Serving : public std::enable_shared_from_this<Serving<V, Deliver>> {
 public:
  using Attempt = AttemptFileSystem::Attempt;
  using Operation = std::function<Answer<V>(Attempt&)>;

  Serving(std::shared_ptr<Attempt> attempt, Operation operation, Deliver deliver)
      : attempt_(std::move(attempt)),
        operation_(std::move(operation)),
        deliver_(std::move(deliver)) {}

  // Beginning with what others have published by now, where that is to be seen.
  void run_fresh() {
    attempt_->refresh([self = this->shared_from_this()](int error) {
      if (error != 0) return self->deliver_(fail(error));
      self->run();
    });
  }

  void run() {
    std::unique_lock lock(attempt_->mutex);
    if (attempt_->dropped) {
      lock.unlock();
      return deliver_(fail(ESTALE));
    }
    attempt_->wants = {};
    Answer<V> answer = operation_(*attempt_);
    attempt_->write_journal();
    Wants wants = std::move(attempt_->wants);
    lock.unlock();
    if (answer.ok() || answer.error().error != 0) return deliver_(std::move(answer));
    wants.need = answer.error().need;
    attempt_->satisfy(std::move(wants), [self = this->shared_from_this()](int error) {
      if (error != 0) return self->deliver_(fail(error));
      self->run();
    });
  }

 private:
  const std::shared_ptr<Attempt> attempt_;
  const Operation operation_;
  Deliver deliver_;
};

// `operation` may be called several times, and must change nothing unless it succeeds.
template <typename V, typename F, typename Deliver>
auto serving(std::shared_ptr<AttemptFileSystem::Attempt> attempt, F&& operation,
             Deliver&& deliver) {
  return std::make_shared<Serving<V, std::decay_t<Deliver>>>(
      std::move(attempt), std::forward<F>(operation), std::forward<Deliver>(deliver));
}

template <typename V, typename F, typename Deliver>
void perform(std::shared_ptr<AttemptFileSystem::Attempt> attempt, F&& operation,
             Deliver&& deliver) {
  serving<V>(std::move(attempt), std::forward<F>(operation), std::forward<Deliver>(deliver))->run();
}

// Delivers to who asked.
template <typename V, typename T>
struct Replying {
  fuse::Reply<T> reply;
  void operator()(Answer<V> answer) {
    answer.ok() ? send(reply, *answer) : reply.fail(answer.error().error);
  }
};

template <typename V, typename T, typename F>
void serve(std::shared_ptr<AttemptFileSystem::Attempt> attempt, fuse::Reply<T> reply,
           F&& operation) {
  if (!attempt) return reply.fail(ESTALE);
  perform<V>(std::move(attempt), std::forward<F>(operation), Replying<V, T>{std::move(reply)});
}

// Of requests that are to see what others have published.
template <typename V, typename T, typename F>
void serve_fresh(std::shared_ptr<AttemptFileSystem::Attempt> attempt, fuse::Reply<T> reply,
                 F&& operation) {
  if (!attempt) return reply.fail(ESTALE);
  serving<V>(std::move(attempt), std::forward<F>(operation), Replying<V, T>{std::move(reply)})
      ->run_fresh();
}

inline InodeNumber inode_of(fuse::NodeId node) { return node & storage::kInodeMax; }

inline storage_overlay::Act act_of(const fuse::Caller& caller) {
  return {caller.uid, caller.gid, file_time_now()};
}

// Which request asks: one that comes again, since the daemon died before it was answered, and was
// carried out then, is found done.
struct Asked {
  template <typename T>
  explicit Asked(const fuse::Reply<T>& reply) : unique(reply.unique()), resent(reply.resent()) {}
  std::uint64_t unique = 0;
  bool resent = false;
};

// Where everything is published at once, a request is carried out and asks for that; when it was,
// it comes here again.
inline std::optional<Overlay::Earlier> earlier_of(const AttemptFileSystem::Attempt& attempt,
                                                  const Asked& asked) {
  if (!asked.resent && !attempt.publishes_at_once()) return std::nullopt;
  return attempt.overlay.earlier(asked.unique);
}

inline Stop await_publication(AttemptFileSystem::Attempt& attempt) {
  attempt.wants.published = true;
  return Stop{};
}

// `make` gives the View of what it made.
template <typename F>
Answer<View> make_once(AttemptFileSystem::Attempt& attempt, const Asked& asked, F&& make) {
  if (const auto earlier = earlier_of(attempt, asked)) {
    if (attempt.publishes_at_once() && !earlier->published) return await_publication(attempt);
    return attempt.overlay.view(earlier->inode);
  }
  TRY_STATUS(attempt.may_change());
  TRY(View view, make());
  attempt.overlay.answered(asked.unique, 0, view.inode);
  if (attempt.publishes_at_once()) return await_publication(attempt);
  return view;
}

template <typename F>
Answer<storage_overlay::Done> do_once(AttemptFileSystem::Attempt& attempt, const Asked& asked,
                                      F&& change) {
  if (const auto earlier = earlier_of(attempt, asked)) {
    if (attempt.publishes_at_once() && !earlier->published) return await_publication(attempt);
    return storage_overlay::Done{};
  }
  TRY_STATUS(attempt.may_change());
  TRY_STATUS(change());
  attempt.overlay.answered(asked.unique, 0, 0);
  if (attempt.publishes_at_once()) return await_publication(attempt);
  return storage_overlay::Done{};
}

}  // namespace storage_attempts
