#include "storage_tree/tree.h"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "attempts.h"
#include "collector.h"
#include "committer.h"
#include "fsck.h"
#include "inodes.h"
#include "log.h"
#include "opener.h"
#include "prepare.h"
#include "reader.h"
#include "session.h"
#include "splitter.h"
#include "transfer.h"
#include "uploads.h"

namespace storage_tree {

class Tree::Impl {
 public:
  Impl(storage::ObjectStore& store, std::string space, const base::Clock& clock, Options options)
      : volume(store, std::move(space), clock, std::move(options)) {}

  // What the writer stored is nobody's. The collector finds what is left when the session ends.
  void let_go(const std::string& writer) {
    if (!uploads.of(writer)) return;
    uploads.forget(writer);
    transfer.early().forget(writer);
    const auto given = uploads.give_up(writer, uploads.mark());
    if (!given.ok()) static_cast<void>(given.error());
  }

  Volume volume;
  SessionKeeper session{volume};
  Log log{volume};
  Reader reader{volume};
  Transfer transfer{volume};
  Uploads uploads{volume};
  Inodes inodes{volume};
  Preparer preparer{volume, reader, uploads};
  Committer committer{volume, log, uploads};
};

namespace {

// Whole and inline where it is small.
base::Result<std::string> read_small(int fd, std::uint64_t size) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(fd, bytes.data() + done, size - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::error_from_errno(errno, "reading a staged file");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

bool is_empty(const storage::WriteSet& write) {
  return write.names.empty() && write.shared.empty() && write.directories.empty() &&
         write.removed_directories.empty();
}

}  // namespace

base::Result<std::unique_ptr<Tree>> Tree::open(storage::ObjectStore& store, std::string space,
                                               const base::Clock& clock, Options options) {
  if (options.session.empty()) {
    return base::Error{base::ErrorCode::kInvalidArgument, "a volume is opened under a name"};
  }
  auto impl = std::make_unique<Impl>(store, std::move(space), clock, std::move(options));
  TRY_STATUS(make_or_check(impl->volume));
  TRY_STATUS(impl->session.open());
  TRY(const auto state, impl->log.settled());
  TRY_STATUS(impl->volume.map(state.head.map_version));
  return std::unique_ptr<Tree>(new Tree(std::move(impl)));
}

Tree::Tree(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tree::~Tree() = default;

base::Status Tree::mark_removed(storage::ObjectStore& store, const std::string& space) {
  storage::ObjectWrite write;
  write.present = true;
  write.omap_set[kRemovedKey] = encode(std::uint64_t{1});
  const auto marked =
      store.write({storage::Pool::kMetadata, space, kVolumeObject}, std::move(write));
  if (marked.ok() || marked.error().code == base::ErrorCode::kNotFound) return {};
  return marked.error();
}

base::Result<bool> Tree::is_marked_removed(storage::ObjectStore& store, const std::string& space) {
  TRY(const auto page,
      store.omap_get({storage::Pool::kMetadata, space, kVolumeObject}, {kRemovedKey}));
  return !page.entries.empty();
}

base::Result<Snapshot> Tree::begin(const std::function<void()>& meanwhile) {
  return impl_->session.pin([&]() -> base::Result<CommitNumber> {
    TRY(const auto state, impl_->log.settled({kRemovedKey}, meanwhile));
    if (!state.raw(kRemovedKey).empty()) {
      return base::Error{base::ErrorCode::kNotFound,
                         "volume " + impl_->volume.space + " has been removed"};
    }
    TRY_STATUS(impl_->volume.map(state.head.map_version));
    impl_->reader.learn(state.head);
    impl_->committer.learn(state);
    return state.head.number;
  });
}

base::Result<Snapshot> Tree::resume(CommitNumber number) {
  return impl_->session.pin_again(number);
}

base::Result<std::optional<Entry>> Tree::lookup(const Snapshot& snapshot, const NameKey& key) {
  TRY_STATUS(impl_->session.check(snapshot));
  return impl_->reader.lookup(snapshot.number(), key);
}

base::Result<Listing> Tree::list(const Snapshot& snapshot, InodeNumber directory,
                                 const std::string& after, std::size_t most) {
  TRY_STATUS(impl_->session.check(snapshot));
  return impl_->reader.list(snapshot.number(), directory, after, most);
}

base::Result<std::string> Tree::read(InodeNumber inode, const Content& content,
                                     std::uint64_t offset, std::uint64_t length) {
  return impl_->transfer.read(inode, content, offset, length);
}

base::Result<InodeNumber> Tree::reserve(std::uint64_t count) {
  return impl_->inodes.reserve(count);
}

base::Status Tree::announce(const std::string& writer,
                            const std::map<InodeNumber, std::uint64_t>& sizes) {
  Uploads::Objects objects;
  for (const auto& [inode, size] : sizes) {
    if (size > storage::kInlineBytesMax) {
      objects[inode] = (size + storage::kDataObjectBytes - 1) / storage::kDataObjectBytes;
    }
  }
  return impl_->uploads.announce(writer, objects);
}

base::Result<Content> Tree::upload(const std::string& writer, InodeNumber inode, int fd) {
  struct stat found{};
  if (::fstat(fd, &found) != 0) return base::error_from_errno(errno, "looking at a staged file");
  Content content;
  content.size = static_cast<std::uint64_t>(found.st_size);
  if (content.size <= storage::kInlineBytesMax) {
    TRY(content.bytes, read_small(fd, content.size));
    content.size = content.bytes.size();
    return content;
  }
  content.writer = writer;
  TRY(content.objects, data_runs(fd, content.size));
  if (content.objects.empty()) return content;
  const auto& last = content.objects.back();
  TRY_STATUS(impl_->uploads.announce(writer, {{inode, last.first + last.count}}));
  TRY_STATUS(impl_->transfer.upload(writer, inode, fd, content));
  return content;
}

Early Tree::upload_early(const std::string& writer, InodeNumber inode,
                         const std::shared_ptr<const base::UniqueFd>& fd, std::uint64_t index,
                         std::uint64_t bytes) {
  const auto announced = impl_->uploads.of(writer);
  const auto file = announced ? announced->find(inode) : Uploads::Objects::const_iterator();
  if (!announced || file == announced->end() || file->second <= index) return Early::kBefore;
  return impl_->transfer.upload_early(writer, inode, fd, index, bytes);
}

bool Tree::is_doubtful(const std::string& writer) const {
  return impl_->transfer.early().is_doubtful(writer);
}

base::Status Tree::adopt(const std::string& writer) { return impl_->uploads.adopt(writer); }

base::Result<Outcome> Tree::commit(const Snapshot& snapshot, const storage::WriteSet& write,
                                   const storage::ReadSet& read, hints::Isolation isolation) {
  // What arrived after the collector came would be nobody's for ever.
  impl_->transfer.early().wait(write.writer);
  if (is_empty(write)) {
    impl_->let_go(write.writer);
    return Outcome{Outcome::Kind::kCommitted, snapshot.number(), "", {}, ""};
  }
  TRY_STATUS(check(write));
  TRY_STATUS(impl_->session.check(snapshot));
  TRY(auto prepared, impl_->preparer.prepare(snapshot.number(), write));
  TRY(auto outcome, impl_->committer.commit(std::move(prepared), read, isolation));
  if (outcome.kind != Outcome::Kind::kCommitted) impl_->let_go(write.writer);
  impl_->transfer.early().forget(write.writer);
  return outcome;
}

base::Status Tree::abort(const std::string& activation, const std::string& writer) {
  impl_->transfer.early().wait(writer);
  TRY_STATUS(abort_attempt(impl_->volume, impl_->uploads, activation, writer));
  impl_->transfer.early().forget(writer);
  return {};
}

base::Status Tree::maintain() { return impl_->session.refresh(); }

base::Result<CollectReport> Tree::collect() {
  CollectReport report;
  Collector collector(impl_->volume, impl_->log, impl_->transfer, impl_->uploads);
  TRY_STATUS(collector.collect(report));
  TRY(report.splits, Splitter(impl_->volume, impl_->log).split_one());
  return report;
}

base::Result<FsckReport> Tree::fsck(bool repair) {
  TRY(const auto snapshot, begin());
  Fsck fsck(impl_->volume, impl_->log, impl_->transfer, repair,
            [&](const storage::WriteSet& write) {
              return commit(snapshot, write, {}, hints::Isolation::kSnapshot);
            });
  return fsck.run();
}

base::Result<std::vector<NameVersion>> Tree::versions(const NameKey& key, std::size_t most) {
  return impl_->reader.versions(key, most);
}

base::Result<TreeStat> Tree::stat() {
  TRY(const auto state, impl_->log.settled());
  TRY(const auto map, impl_->volume.map(state.head.map_version));
  TreeStat stat;
  stat.head = state.head.number;
  stat.horizon = state.head.horizon;
  stat.shards = map->objects.size();
  std::int64_t keys = state.head.keys;
  for (const auto& [start, object] : map->objects) {
    const auto id = impl_->volume.metadata(object);
    TRY(auto page, impl_->volume.store.omap_get(id, {kShardKey}));
    TRY(const auto shard, decoded_if<ShardState>(id, kShardKey, page.entries[kShardKey]));
    keys += shard.value_or(ShardState()).keys;
  }
  stat.keys = static_cast<std::uint64_t>(std::max<std::int64_t>(0, keys));
  TRY(const auto sessions, impl_->volume.list_all(kVolumeObject, kSessions));
  stat.sessions = sessions.size();
  TRY(const auto uploads, impl_->volume.list_all(kVolumeObject, kUploads));
  for (const auto& [key, value] : uploads) {
    if (key.find('\0') == std::string::npos) ++stat.attempts_uploading;
  }
  TRY(const auto deletions, impl_->volume.list_all(kVolumeObject, kDeletions));
  stat.to_delete = deletions.size();
  return stat;
}

base::Result<std::optional<ActivationRecord>> Tree::activation(const std::string& activation) {
  const std::string key = activation_key(activation);
  TRY(const auto state, impl_->volume.state({key}));
  return decoded_if<ActivationRecord>(impl_->volume.volume_object(), key, state.raw(key));
}

}  // namespace storage_tree
