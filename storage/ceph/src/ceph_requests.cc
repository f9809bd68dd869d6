#include "ceph_requests.h"

#include <memory>
#include <utility>

namespace storage_ceph {

struct CephRequests::UnderWay {
  storage::RequestBound& bound;
  librados::IoCtx io;
  std::size_t bytes;
  Answered answered;
};

void CephRequests::finish(UnderWay* request, int result, std::uint64_t version) {
  storage::RequestBound& bound = request->bound;
  const std::size_t bytes = request->bytes;
  {
    const storage::AnswerScope answering;
    request->answered(result, version);
    delete request;
  }
  // The last touch: from here on the store may go.
  bound.leave(bytes);
}

template <typename Submit>
void CephRequests::start(storage::RequestBound& bound, librados::IoCtx io, std::size_t bytes,
                         Answered answered, Submit submit) {
  bound.enter(bytes);
  auto* request = new UnderWay{bound, std::move(io), bytes, std::move(answered)};
  const auto on_answer = [](rados_completion_t completion, void* argument) {
    finish(static_cast<UnderWay*>(argument), rados_aio_get_return_value(completion),
           rados_aio_get_version(completion));
  };
  librados::AioCompletion* completion = librados::Rados::aio_create_completion(request, on_answer);
  librados::IoCtx kept = request->io;  // the answer may free the request before submit() returns
  const int refused = submit(kept, completion);
  completion->release();
  if (refused < 0) finish(request, refused, 0);
}

void CephRequests::write(librados::IoCtx io, const std::string& name,
                         librados::ObjectWriteOperation& operation, std::size_t bytes,
                         Answered answered) {
  start(bound_, std::move(io), bytes, std::move(answered),
        [&](librados::IoCtx& pool, auto* completion) {
          // In a full pool librados would wait for room; so it says that there is none.
          return pool.aio_operate(name, completion, &operation, librados::OPERATION_FULL_TRY);
        });
}

void CephRequests::read(librados::IoCtx io, const std::string& name,
                        librados::ObjectReadOperation& operation, std::size_t bytes,
                        Answered answered) {
  start(bound_, std::move(io), bytes, std::move(answered),
        [&](librados::IoCtx& pool, auto* completion) {
          return pool.aio_operate(name, completion, &operation, nullptr);
        });
}

void CephRequests::notify(librados::IoCtx io, const std::string& name, librados::bufferlist bytes,
                          std::uint64_t timeout_ms) {
  const std::size_t size = bytes.length();
  start(
      notifications_, std::move(io), size, [](int, std::uint64_t) {},
      [&](librados::IoCtx& pool, auto* completion) {
        return pool.aio_notify(name, completion, bytes, timeout_ms, nullptr);
      });
}

void CephRequests::later(Answered answered) {
  // With nothing to flush it is a completion and no more.
  start(bound_, {}, 0, std::move(answered), [this](librados::IoCtx&, auto* completion) {
    return cluster_.aio_watch_flush(completion);
  });
}

}  // namespace storage_ceph
