#include "storage/object_store.h"

#include <future>

#include "storage/request_bound.h"

namespace storage {
namespace {

// Calls `start` with a `done` and waits for it.
template <typename T, typename Start>
base::Result<T> wait_for(Start start) {
  CHECK(!AnswerScope::active());  // the answer would wait for this thread
  std::promise<base::Result<T>> promise;
  auto answer = promise.get_future();
  start([&promise](base::Result<T> result) { promise.set_value(std::move(result)); });
  return answer.get();
}

}  // namespace

base::Result<ObjectVersion> ObjectStore::write(const ObjectId& object, ObjectWrite change) {
  return wait_for<ObjectVersion>(
      [&](Done<ObjectVersion> done) { write(object, std::move(change), std::move(done)); });
}

base::Result<std::string> ObjectStore::read(const ObjectId& object, std::uint64_t offset,
                                            std::uint64_t length) {
  return wait_for<std::string>(
      [&](Done<std::string> done) { read(object, offset, length, std::move(done)); });
}

base::Result<OmapPage> ObjectStore::omap_get(const ObjectId& object,
                                             std::vector<std::string> keys) {
  return wait_for<OmapPage>(
      [&](Done<OmapPage> done) { omap_get(object, std::move(keys), std::move(done)); });
}

base::Result<OmapPage> ObjectStore::omap_list(const ObjectId& object, const std::string& after,
                                              const std::string& prefix, std::size_t most) {
  return wait_for<OmapPage>(
      [&](Done<OmapPage> done) { omap_list(object, after, prefix, most, std::move(done)); });
}

base::Result<ObjectStat> ObjectStore::stat(const ObjectId& object) {
  return wait_for<ObjectStat>([&](Done<ObjectStat> done) { stat(object, std::move(done)); });
}

}  // namespace storage
