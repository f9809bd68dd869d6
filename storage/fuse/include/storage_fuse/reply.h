// The answer to a request of the kernel, given now or later, from any thread, exactly once.
#pragma once

#include <sys/statvfs.h>

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "storage_fuse/values.h"

namespace storage_fuse {

struct Done {};                            // it worked; there is nothing to tell
using Bytes = std::span<const std::byte>;  // of read, getxattr, listxattr; copied by the answer
using Count = std::uint64_t;               // of write, copy_file_range, lseek; sizes of xattrs

// One request, as whoever answers it sees it. The session implements it; tests may.
class Request {
 public:
  virtual ~Request() = default;

  virtual const Caller& caller() const = 0;
  // Whether the kernel sends it for the second time, since the daemon died before it answered. It
  // may have been carried out already: what it asks for must then be found done, not fail.
  virtual bool resent() const = 0;
  // The same for the first and the second time, and for no other request of this mount.
  virtual std::uint64_t unique() const = 0;
  virtual bool on_interrupt(std::function<void()> call) = 0;

  // Exactly one of these, once; the object is not used afterwards. Where the kernel does not take
  // the answer (the mount is gone, say), lookups and opens in it never happened: the session tells
  // the file system so by forget() and release().
  virtual void fail(int error) = 0;
  virtual void dropped() = 0;  // nobody will answer
  virtual void answer(Done) = 0;
  virtual void answer(const Node& node) = 0;
  virtual void answer(const Attributes& attributes) = 0;
  virtual void answer(Opened opened) = 0;
  virtual void answer(Created created) = 0;
  virtual void answer(OpenedDirectory opened) = 0;
  virtual void answer(Bytes bytes) = 0;
  virtual void answer(std::string_view target) = 0;
  virtual void answer(Count count) = 0;
  virtual void answer(const DirectoryPage& page) = 0;
  virtual void answer(const struct statvfs& figures) = 0;
  virtual void answer(const FileLock& lock) = 0;
};

// The right to answer one request. Movable; when it is destroyed without an answer, the caller gets
// EIO, unless the session is being handed over to a successor: then the kernel asks that one.
//
// Threads: one at a time. Hold no lock over ok() that forget(), release() or releasedir() take:
// where the kernel does not take the answer, they are called from inside.
template <typename T>
class Reply {
 public:
  explicit Reply(std::unique_ptr<Request> request) : request_(std::move(request)) {}
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&& other) noexcept {
    if (this == &other) return *this;
    drop();
    request_ = std::move(other.request_);
    return *this;
  }
  ~Reply() { drop(); }

  void ok(T value)
    requires(!std::same_as<T, Done>)
  {
    take()->answer(std::move(value));
  }
  void ok()
    requires std::same_as<T, Done>
  {
    take()->answer(Done{});
  }
  // `error` is an errno: positive.
  void fail(int error) { take()->fail(error); }

  // False once it was answered.
  bool pending() const { return request_ != nullptr; }

  const Caller& caller() const { return request().caller(); }
  bool resent() const { return request().resent(); }
  std::uint64_t unique() const { return request().unique(); }

  // Calls `call` at most once, on a thread of the session, when the process that waits gets a
  // signal: end the request then, with EINTR, or go on. False, and it is never called, when that
  // happened already. It may still run just after another thread has answered: so it must find the
  // request by a number of the file system's own, in a table, and do nothing where it is gone. To
  // miss nothing, hold the table's lock over this and over putting the request in.
  [[nodiscard]] bool on_interrupt(std::function<void()> call) {
    CHECK(request_ != nullptr);
    return request_->on_interrupt(std::move(call));
  }

 private:
  const Request& request() const {
    CHECK(request_ != nullptr);
    return *request_;
  }
  std::unique_ptr<Request> take() {
    CHECK(request_ != nullptr);  // answered twice
    return std::move(request_);
  }
  void drop() {
    if (request_ != nullptr) take()->dropped();
  }

  std::unique_ptr<Request> request_;
};

}  // namespace storage_fuse
