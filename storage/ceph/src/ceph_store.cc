#include "storage_ceph/ceph_store.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "ceph_requests.h"
#include "ceph_watch.h"
#include "connection.h"
#include "rados_error.h"
#include "storage/object_rules.h"
#include "write_operation.h"

namespace storage_ceph {
namespace {

using base::Result;
using storage::ObjectId;
using storage::ObjectStat;
using storage::ObjectVersion;
using storage::ObjectWrite;
using storage::OmapPage;

// Watchers that are gone cost a notification so long; nobody waits for it.
constexpr std::uint64_t kNotifyTimeoutMs = 2000;
// What a page of a map is taken to weigh while it is under way.
constexpr std::size_t kPageBytes = 64 << 10;

// Where the parts of a read operation put what they found. Lives until the answer.
struct Found {
  librados::bufferlist bytes;
  std::map<std::string, librados::bufferlist> entries;
  bool more = false;
  std::uint64_t size = 0;
};

OmapPage page_of(const Found& found, std::uint64_t version) {
  OmapPage page{.entries = {}, .more = found.more, .version = version};
  for (const auto& [key, value] : found.entries) {
    page.entries.emplace_hint(page.entries.end(), key, value.to_str());
  }
  return page;
}

base::Error error_of(int result, std::string_view what, const ObjectId& object) {
  return error_from_rados(result, std::string(what) + " " + to_string(object));
}

// Who is refused a write must learn whose bound it was.
base::Error write_error(int result, const ObjectId& object, const std::string& pool) {
  base::Error error = error_of(result, "writing", object);
  if (result == -EDQUOT) error.message += ": the quota of the pool " + pool + " is used up";
  if (result == -ENOSPC) error.message += ": the cluster has no room for the pool " + pool;
  return error;
}

class CephStore final : public storage::ObjectStore {
 public:
  CephStore(std::unique_ptr<Connection> connection, const CephOptions& options)
      : connection_(std::move(connection)),
        watches_(connection_->cluster()),
        requests_(connection_->cluster(), options.requests_max, options.bytes_max) {}

  void write(const ObjectId& object, ObjectWrite change, Done<ObjectVersion> done) override;
  void read(const ObjectId& object, std::uint64_t offset, std::uint64_t length,
            Done<std::string> done) override;
  void omap_get(const ObjectId& object, std::vector<std::string> keys,
                Done<OmapPage> done) override;
  void omap_list(const ObjectId& object, const std::string& after, const std::string& prefix,
                 std::size_t most, Done<OmapPage> done) override;
  void stat(const ObjectId& object, Done<ObjectStat> done) override;
  Result<std::vector<std::string>> list(storage::Pool pool, const std::string& space,
                                        std::string& cursor, std::size_t most) override;
  Result<std::unique_ptr<storage::Watch>> watch(const ObjectId& object,
                                                std::function<void(std::string_view)> heard,
                                                std::function<void()> lost) override;
  void notify(const ObjectId& object, std::string bytes) override;

 private:
  // Where `status` is an error, answers with it on a thread of librados.
  template <typename T>
  bool refused(base::Status status, Done<T>& done);
  // Sends `operation`; the answer is what `make` gives of what was found.
  template <typename T, typename Make>
  void ask(const ObjectId& object, std::string_view what, librados::ObjectReadOperation& operation,
           std::size_t bytes, std::shared_ptr<Found> found, Done<T> done, Make make);

  std::unique_ptr<Connection> connection_;
  WatchKeeper watches_;
  CephRequests requests_;  // goes first, and waits: answers may ask for more
};

template <typename T>
bool CephStore::refused(base::Status status, Done<T>& done) {
  if (status.ok()) return false;
  requests_.later([done = std::move(done), error = std::move(status).error()](int, std::uint64_t) {
    done(error);
  });
  return true;
}

template <typename T, typename Make>
void CephStore::ask(const ObjectId& object, std::string_view what,
                    librados::ObjectReadOperation& operation, std::size_t bytes,
                    std::shared_ptr<Found> found, Done<T> done, Make make) {
  auto answered = [object, what, found = std::move(found), done = std::move(done), make](
                      int result, std::uint64_t version) {
    if (result < 0) return done(error_of(result, what, object));
    done(make(*found, version));
  };
  requests_.read(connection_->pool(object), object.name, operation, bytes, std::move(answered));
}

void CephStore::write(const ObjectId& object, ObjectWrite change, Done<ObjectVersion> done) {
  if (refused<ObjectVersion>(check_write(object, change), done)) return;
  librados::ObjectWriteOperation operation;
  if (refused<ObjectVersion>(fill(operation, change), done)) return;
  auto answered = [this, object, remove = change.remove, done = std::move(done)](
                      int result, std::uint64_t version) {
    if (result < 0) return done(write_error(result, object, connection_->name_of(object.pool)));
    done(remove ? 0 : version);
  };
  requests_.write(connection_->pool(object), object.name, operation, bytes_of(change),
                  std::move(answered));
}

void CephStore::read(const ObjectId& object, std::uint64_t offset, std::uint64_t length,
                     Done<std::string> done) {
  if (refused<std::string>(check_object(object), done)) return;
  const std::size_t wanted = std::min<std::uint64_t>(length, storage::kObjectBytesMax);
  auto found = std::make_shared<Found>();
  librados::ObjectReadOperation operation;
  operation.assert_exists();
  // A length of 0 would ask RADOS for the whole object.
  if (wanted > 0) operation.read(offset, wanted, &found->bytes, nullptr);
  ask<std::string>(object, "reading", operation, wanted, std::move(found), std::move(done),
                   [](const Found& f, std::uint64_t) { return f.bytes.to_str(); });
}

void CephStore::omap_get(const ObjectId& object, std::vector<std::string> keys,
                         Done<OmapPage> done) {
  if (refused<OmapPage>(check_omap_keys(object, keys), done)) return;
  auto found = std::make_shared<Found>();
  librados::ObjectReadOperation operation;
  operation.assert_exists();
  operation.omap_get_vals_by_keys({keys.begin(), keys.end()}, &found->entries, nullptr);
  ask<OmapPage>(object, "reading the map of", operation, kPageBytes, std::move(found),
                std::move(done), page_of);
}

void CephStore::omap_list(const ObjectId& object, const std::string& after,
                          const std::string& prefix, std::size_t most, Done<OmapPage> done) {
  if (refused<OmapPage>(check_omap_list(object, most), done)) return;
  auto found = std::make_shared<Found>();
  librados::ObjectReadOperation operation;
  operation.assert_exists();
  operation.omap_get_vals2(after, prefix, most, &found->entries, &found->more, nullptr);
  ask<OmapPage>(object, "listing the map of", operation, kPageBytes, std::move(found),
                std::move(done), page_of);
}

void CephStore::stat(const ObjectId& object, Done<ObjectStat> done) {
  if (refused<ObjectStat>(check_object(object), done)) return;
  auto found = std::make_shared<Found>();
  librados::ObjectReadOperation operation;
  operation.stat(&found->size, static_cast<time_t*>(nullptr), nullptr);
  ask<ObjectStat>(object, "looking at", operation, 0, std::move(found), std::move(done),
                  [](const Found& f, std::uint64_t version) {
                    return ObjectStat{.bytes = f.size, .version = version};
                  });
}

Result<std::vector<std::string>> CephStore::list(storage::Pool pool, const std::string& space,
                                                 std::string& cursor, std::size_t most) {
  librados::IoCtx io = connection_->pool(pool, space);
  librados::ObjectCursor start = io.object_list_begin();
  if (!cursor.empty() && !start.from_str(cursor)) {
    return base::Error{base::ErrorCode::kInvalidArgument, "no cursor of a listing: " + cursor};
  }
  librados::ObjectCursor next;
  std::vector<librados::ObjectItem> found;
  const int result = io.object_list(start, io.object_list_end(), most, {}, &found, &next);
  if (result < 0) return error_from_rados(result, "listing objects");
  std::vector<std::string> names;
  names.reserve(found.size());
  for (auto& item : found) names.push_back(std::move(item.oid));
  cursor = io.object_list_is_end(next) ? "" : next.to_str();
  return names;
}

Result<std::unique_ptr<storage::Watch>> CephStore::watch(
    const ObjectId& object, std::function<void(std::string_view)> heard,
    std::function<void()> lost) {
  TRY_STATUS(check_object(object));
  return watches_.watch(connection_->pool(object), object, std::move(heard), std::move(lost));
}

void CephStore::notify(const ObjectId& object, std::string bytes) {
  if (!check_object(object).ok()) return;
  librados::bufferlist buffer;
  buffer.append(bytes);
  requests_.notify(connection_->pool(object), object.name, std::move(buffer), kNotifyTimeoutMs);
}

}  // namespace

Result<std::unique_ptr<storage::ObjectStore>> connect(const CephOptions& options) {
  TRY(auto connection, Connection::open(options));
  return std::unique_ptr<storage::ObjectStore>(
      std::make_unique<CephStore>(std::move(connection), options));
}

}  // namespace storage_ceph
