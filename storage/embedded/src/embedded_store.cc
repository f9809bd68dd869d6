#include "storage_embedded/embedded_store.h"

#include <algorithm>
#include <utility>

#include "base/unique_fd.h"
#include "data_files.h"
#include "file_steps.h"
#include "local_watches.h"
#include "metadata_reader.h"
#include "metadata_writer.h"
#include "storage/object_rules.h"
#include "storage/request_bound.h"
#include "workers.h"

namespace storage_embedded {
namespace {

using base::Result;
using storage::ObjectId;
using storage::ObjectStat;
using storage::ObjectVersion;
using storage::ObjectWrite;
using storage::OmapPage;
using storage::Pool;

class EmbeddedStore final : public storage::ObjectStore {
 public:
  explicit EmbeddedStore(const EmbeddedOptions& options)
      : options_(options),
        database_file_(options.directory / "objects.db"),
        files_(options.directory / "data"),
        bound_(options.requests_max, options.bytes_max) {}
  // Answers may ask for more, so all must be answered before a thread ends.
  ~EmbeddedStore() override { bound_.wait_until_idle(); }

  // Once, before all else.
  base::Status open();

  void write(const ObjectId& object, ObjectWrite change, Done<ObjectVersion> done) override;
  void read(const ObjectId& object, std::uint64_t offset, std::uint64_t length,
            Done<std::string> done) override;
  void omap_get(const ObjectId& object, std::vector<std::string> keys,
                Done<OmapPage> done) override;
  void omap_list(const ObjectId& object, const std::string& after, const std::string& prefix,
                 std::size_t most, Done<OmapPage> done) override;
  void stat(const ObjectId& object, Done<ObjectStat> done) override;
  Result<std::vector<std::string>> list(Pool pool, const std::string& space, std::string& cursor,
                                        std::size_t most) override;
  Result<std::unique_ptr<storage::Watch>> watch(const ObjectId& object,
                                                std::function<void(std::string_view)> heard,
                                                std::function<void()> lost) override;
  void notify(const ObjectId& object, std::string bytes) override;

 private:
  base::Status check_room(const ObjectId& object, const ObjectWrite& change) const;
  // What answers `done`, and then leaves the bound: with that the store may go.
  template <typename T>
  Done<T> answering(std::size_t bytes, Done<T> done);
  // Has `work` done by a thread that reads.
  template <typename T, typename Work>
  void ask(std::size_t bytes, Done<T> done, Work work);

  const EmbeddedOptions options_;
  const std::filesystem::path database_file_;
  base::UniqueFd lock_;
  DataFiles files_;
  std::vector<MetadataReader> connections_;  // one for each thread that reads
  storage::RequestBound bound_;
  LocalWatches watches_;
  std::unique_ptr<MetadataWriter> metadata_writer_;
  std::unique_ptr<Workers> file_writers_, readers_;
};

base::Status EmbeddedStore::open() {
  TRY_STATUS(make_directories(options_.directory));
  TRY(lock_, lock_directory(options_.directory));
  TRY_STATUS(files_.prepare());
  TRY(metadata_writer_, MetadataWriter::open(database_file_));
  for (std::size_t i = 0; i < options_.readers; ++i) {
    TRY(MetadataReader reader, MetadataReader::open(database_file_));
    connections_.push_back(std::move(reader));
  }
  TRY_STATUS(sync_directory(options_.directory));
  file_writers_ = std::make_unique<Workers>(options_.file_writers);
  readers_ = std::make_unique<Workers>(options_.readers);
  return {};
}

template <typename T>
storage::ObjectStore::Done<T> EmbeddedStore::answering(std::size_t bytes, Done<T> done) {
  bound_.enter(bytes);
  return [this, bytes, done = std::move(done)](Result<T> result) mutable {
    {
      const storage::AnswerScope scope;
      done(std::move(result));
      done = nullptr;  // what it holds may belong to somebody who waits for the store's end
    }
    bound_.leave(bytes);
  };
}

template <typename T, typename Work>
void EmbeddedStore::ask(std::size_t bytes, Done<T> done, Work work) {
  readers_->put([this, work = std::move(work), done = answering<T>(bytes, std::move(done))](
                    std::size_t worker) { done(work(connections_[worker])); });
}

base::Status EmbeddedStore::check_room(const ObjectId& object, const ObjectWrite& change) const {
  if (!change.data && !change.source && change.omap_set.empty()) return {};
  const auto min =
      object.pool == Pool::kData ? options_.room_bytes_min : options_.room_bytes_min / 2;
  TRY(const std::uint64_t left, room_left(options_.directory));
  if (left >= min + bytes_of(change)) return {};
  return base::Error{base::ErrorCode::kNoSpace,
                     "the disk of " + options_.directory.string() + " has " + std::to_string(left) +
                         " bytes left; " + std::to_string(min) + " must stay"};
}

void EmbeddedStore::write(const ObjectId& object, ObjectWrite change, Done<ObjectVersion> done) {
  auto status = check_write(object, change);
  if (status.ok()) status = check_room(object, change);
  if (!status.ok()) {
    return ask<ObjectVersion>(0, std::move(done), [error = status.error()](MetadataReader&) {
      return Result<ObjectVersion>(error);
    });
  }
  auto answered = answering<ObjectVersion>(bytes_of(change), std::move(done));
  if (object.pool == Pool::kMetadata) {
    return metadata_writer_->put(object, std::move(change), std::move(answered));
  }
  file_writers_->put([this, object, change = std::move(change),
                      answered = std::move(answered)](std::size_t) mutable {
    auto written = files_.write(object, change);
    change = {};
    answered(std::move(written));
  });
}

void EmbeddedStore::read(const ObjectId& object, std::uint64_t offset, std::uint64_t length,
                         Done<std::string> done) {
  const std::size_t weight = std::min<std::uint64_t>(length, storage::kObjectBytesMax);
  ask<std::string>(weight, std::move(done),
                   [=, this](MetadataReader& metadata) -> Result<std::string> {
                     TRY_STATUS(check_object(object));
                     if (object.pool == Pool::kData) return files_.read(object, offset, length);
                     return metadata.read(object, offset, length);
                   });
}

void EmbeddedStore::omap_get(const ObjectId& object, std::vector<std::string> keys,
                             Done<OmapPage> done) {
  ask<OmapPage>(0, std::move(done),
                [object, keys = std::move(keys)](MetadataReader& metadata) -> Result<OmapPage> {
                  TRY_STATUS(check_omap_keys(object, keys));
                  return metadata.omap_get(object, keys);
                });
}

void EmbeddedStore::omap_list(const ObjectId& object, const std::string& after,
                              const std::string& prefix, std::size_t most, Done<OmapPage> done) {
  ask<OmapPage>(0, std::move(done), [=](MetadataReader& metadata) -> Result<OmapPage> {
    TRY_STATUS(check_omap_list(object, most));
    return metadata.omap_list(object, after, prefix, most);
  });
}

void EmbeddedStore::stat(const ObjectId& object, Done<ObjectStat> done) {
  ask<ObjectStat>(0, std::move(done), [=, this](MetadataReader& metadata) -> Result<ObjectStat> {
    TRY_STATUS(check_object(object));
    return object.pool == Pool::kData ? files_.stat(object) : metadata.stat(object);
  });
}

Result<std::vector<std::string>> EmbeddedStore::list(Pool pool, const std::string& space,
                                                     std::string& cursor, std::size_t most) {
  if (pool == Pool::kData) return files_.list(space, cursor, most);
  TRY(MetadataReader metadata, MetadataReader::open(database_file_));
  return metadata.list(space, cursor, most);
}

Result<std::unique_ptr<storage::Watch>> EmbeddedStore::watch(
    const ObjectId& object, std::function<void(std::string_view)> heard,
    std::function<void()> /*lost: nothing is, in one process*/) {
  TRY_STATUS(ObjectStore::stat(object));
  return watches_.add(object, std::move(heard));
}

void EmbeddedStore::notify(const ObjectId& object, std::string bytes) {
  watches_.notify(object, std::move(bytes));
}

}  // namespace

Result<std::unique_ptr<storage::ObjectStore>> open_store(const EmbeddedOptions& options) {
  auto store = std::make_unique<EmbeddedStore>(options);
  TRY_STATUS(store->open());
  return std::unique_ptr<storage::ObjectStore>(std::move(store));
}

}  // namespace storage_embedded
