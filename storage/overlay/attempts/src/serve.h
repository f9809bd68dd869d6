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

template <typename T, typename V>
class Serving : public std::enable_shared_from_this<Serving<T, V>> {
 public:
  using Attempt = AttemptFileSystem::Attempt;
  using Operation = std::function<Answer<V>(Attempt&)>;

  Serving(std::shared_ptr<Attempt> attempt, fuse::Reply<T> reply, Operation operation)
      : attempt_(std::move(attempt)), reply_(std::move(reply)), operation_(std::move(operation)) {}

  void run() {
    std::unique_lock lock(attempt_->mutex);
    if (attempt_->dropped) {
      lock.unlock();
      return reply_.fail(ESTALE);
    }
    attempt_->wants = {};
    Answer<V> answer = operation_(*attempt_);
    attempt_->write_journal();
    Wants wants = std::move(attempt_->wants);
    lock.unlock();
    if (answer.ok()) return send(reply_, *answer);
    if (const int error = answer.error().error; error != 0) return reply_.fail(error);
    wants.need = answer.error().need;
    attempt_->satisfy(std::move(wants), [self = this->shared_from_this()](int error) {
      if (error != 0) return self->reply_.fail(error);
      self->run();
    });
  }

 private:
  const std::shared_ptr<Attempt> attempt_;
  fuse::Reply<T> reply_;
  const Operation operation_;
};

// `operation` may be called several times, and must change nothing unless it succeeds.
template <typename V, typename T, typename F>
void serve(std::shared_ptr<AttemptFileSystem::Attempt> attempt, fuse::Reply<T> reply,
           F&& operation) {
  if (!attempt) return reply.fail(ESTALE);
  std::make_shared<Serving<T, V>>(std::move(attempt), std::move(reply), std::forward<F>(operation))
      ->run();
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

// `make` gives the View of what it made.
template <typename F>
Answer<View> make_once(AttemptFileSystem::Attempt& attempt, const Asked& asked, F&& make) {
  if (asked.resent)
    if (const auto earlier = attempt.overlay.earlier(asked.unique))
      return attempt.overlay.view(earlier->inode);
  TRY_STATUS(attempt.may_change());
  TRY(View view, make());
  attempt.overlay.answered(asked.unique, 0, view.inode);
  return view;
}

template <typename F>
Answer<storage_overlay::Done> do_once(AttemptFileSystem::Attempt& attempt, const Asked& asked,
                                      F&& change) {
  if (asked.resent && attempt.overlay.earlier(asked.unique)) return storage_overlay::Done{};
  TRY_STATUS(attempt.may_change());
  TRY_STATUS(change());
  attempt.overlay.answered(asked.unique, 0, 0);
  return storage_overlay::Done{};
}

}  // namespace storage_attempts
