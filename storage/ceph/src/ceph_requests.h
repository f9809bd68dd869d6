// Asynchronous requests to RADOS, and the bound that they keep to.
#pragma once

#include <functional>
#include <rados/librados.hpp>
#include <string>

#include "base/result.h"
#include "storage/request_bound.h"

namespace storage_ceph {

// Threads: any method from any thread.
class CephRequests {
 public:
  // What is left to do when the answer is there: the result of librados, and the object's version.
  using Answered = std::function<void(int result, std::uint64_t version)>;

  CephRequests(librados::Rados& cluster, std::size_t requests_max, std::size_t bytes_max)
      : cluster_(cluster), bound_(requests_max, bytes_max) {}
  // Waits for all that are under way.
  ~CephRequests() {
    bound_.wait_until_idle();
    notifications_.wait_until_idle();
  }

  // `bytes` are those that travel. `operation` must live until the answer where it has outputs;
  // what `answered` holds does.
  void write(librados::IoCtx io, const std::string& name, librados::ObjectWriteOperation& operation,
             std::size_t bytes, Answered answered);
  void read(librados::IoCtx io, const std::string& name, librados::ObjectReadOperation& operation,
            std::size_t bytes, Answered answered);
  // Ends when all watchers have answered, or did not within `timeout_ms`.
  void notify(librados::IoCtx io, const std::string& name, librados::bufferlist bytes,
              std::uint64_t timeout_ms);
  // Asks nobody: answers (0, 0) on a thread of librados.
  void later(Answered answered);

 private:
  struct UnderWay;
  template <typename Submit>
  void start(storage::RequestBound& bound, librados::IoCtx io, std::size_t bytes, Answered answered,
             Submit submit);
  static void finish(UnderWay* request, int result, std::uint64_t version);

  librados::Rados& cluster_;
  storage::RequestBound bound_;
  // Apart: a watcher that has died holds each of them up until its time-out, and must not hold up
  // what is written meanwhile.
  storage::RequestBound notifications_{4096, 16 << 20};
};

}  // namespace storage_ceph
