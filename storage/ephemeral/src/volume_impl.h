// A volume's ephemeral files on this node.
//
// Everything is guarded by one mutex. What must be done without it (telling callers, starting
// transfers) is collected in Locked and done when it is released.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "backing.h"
#include "connection_pool.h"
#include "context.h"
#include "ledger.h"
#include "local_file.h"
#include "outbox.h"
#include "publisher.h"
#include "storage_ephemeral/volume.h"
#include "transfer.h"

namespace storage_ephemeral {

class VolumeImpl final : public Volume,
                         public FileSource,
                         public FetchSink,
                         public std::enable_shared_from_this<VolumeImpl> {
 public:
  static base::Result<std::shared_ptr<VolumeImpl>> open(Context& context, ConnectionPool& pool,
                                                        const std::string& volume,
                                                        const std::string& directory,
                                                        const std::vector<Attempt>& alive);
  // Answers all that waits. The loop's thread, or after it.
  void stop();
  void node_lost(const NodeName& node);

  std::optional<Entry> find(const storage::NameKey& key) const override;
  std::optional<Entry> get(storage::InodeNumber inode) const override;
  std::optional<Look> look(const storage::NameKey& key) const override;
  std::optional<Look> look(storage::InodeNumber inode) const override;
  std::vector<std::pair<std::string, Entry>> list(storage::InodeNumber directory,
                                                  const std::string& after,
                                                  std::size_t most) const override;
  std::uint32_t subdirectories(storage::InodeNumber directory) const override;
  base::Result<Entry> create(const storage::NameKey& key, const NewInode& what) override;
  base::Status link(storage::InodeNumber inode, const storage::NameKey& key) override;
  base::Status remove(const storage::NameKey& key) override;
  base::Status rename(const storage::NameKey& from, const storage::NameKey& to) override;
  base::Status set_attributes(storage::InodeNumber inode,
                              const storage::Attributes& attributes) override;
  void refresh(DoneStatus done) override;

  base::Result<OpenFile> open_write(storage::InodeNumber inode, const Attempt& attempt,
                                    Rewrite rewrite) override;
  void close_write(const FileId& file, const Written& written) override;
  void open_read(storage::InodeNumber inode, const Attempt& attempt, Visible visible,
                 Done<OpenFile> done) override;
  void close_read(const FileId& file) override;
  Ticket await_bytes(const FileId& file, std::uint64_t offset, std::uint64_t length,
                     Done<std::uint64_t> done) override;
  void cancel(Ticket ticket) override;
  base::Result<std::uint64_t> size(storage::InodeNumber inode) const override;
  std::optional<Attempt> writer(storage::InodeNumber inode) const override;

  void settle(const Attempt& attempt, Outcome outcome) override;
  void flush(const Attempt& attempt, DoneStatus done) override;
  void release(const Attempt& attempt) override;
  void end_session(const std::string& session) override;
  void end_volume() override;
  std::vector<Dependency> dependencies(const Attempt& attempt) const override;
  std::uint64_t count() const override;
  std::set<storage::InodeNumber> durable_directories() const override;
  std::vector<LiveFinding> check(const std::set<storage::InodeNumber>& gone, bool repair) override;

  base::Result<Stream> open_stream(const FileId& file, std::function<void()> wake) override;
  SourceView look(const FileId& file, std::uint64_t stream, FetchFor purpose) override;
  void close_stream(const FileId& file, std::uint64_t stream) override;
  void keep(const FileId& file, const NodeName& from, std::function<void(bool)> done) override;

  std::vector<NodeName> sources(const FetchId& fetch) override;
  void advanced(const FetchId& fetch, std::uint64_t have) override;
  void ended(const FetchId& fetch, std::uint64_t size) override;
  void finished(const FetchId& fetch, std::uint64_t size, std::uint64_t checksum) override;
  void poisoned(const FetchId& fetch, PoisonReason reason) override;
  void lost(const FetchId& fetch) override;
  void failed(const FetchId& fetch, const base::Error& error) override;

  // The second copy of a file that this node writes: `node` has it, or nobody could make it.
  void copied(const FileId& file, const NodeName& node);
  void copy_failed(const FileId& file);
  bool wants_copy(const FileId& file) const;

 private:
  using File = std::shared_ptr<LocalFile>;
  class Locked;
  struct ReadView {
    FileState state = FileState::kWriting;
    std::uint64_t available = 0;
    std::optional<std::uint64_t> end;
  };
  struct Flush {
    Attempt attempt;
    DoneStatus done;
  };

  VolumeImpl(Context& context, ConnectionPool& pool, std::string volume, BackingFiles backing,
             Journal journal);

  // Names:
  std::optional<Look> look_locked(storage::InodeNumber inode) const;
  void with_ledger(const std::function<void(Ledger&)>& action);
  void follow_changes(Locked& locked);
  void follow(Locked& locked, storage::InodeNumber inode);
  void follow(Locked& locked, const File& file, const InodeRecord* record);
  void expire();
  void arm_expiry();
  const InodeRecord* record_of(FileKey key) const;

  bool has_bytes(storage::InodeNumber inode, const InodeRecord& record) const;

  // Recovery:
  void recover(const std::vector<Attempt>& alive);
  void recover_file(Locked& locked, storage::InodeNumber inode, bool alive);

  // Files:
  File find_file(const FileId& file) const;
  File find_file(FileKey key) const;
  File find_file(const FetchId& fetch) const;
  FileId id_of(FileKey key) const { return {volume_, key.inode, key.version}; }
  base::Result<File> local_file(Locked& locked, storage::InodeNumber inode,
                                const InodeRecord& record);
  base::Result<File> add_file(FileKey key, LocalFile::Role role, FileLife life, SharedFd fd);
  base::Result<File> begin_fetch(Locked& locked, FileKey key, FetchFor purpose);
  void start_fetch(Locked& locked, const File& file, FetchFor purpose);
  void judge(const FetchId& fetch);
  base::Result<File> begin_version(Locked& locked, storage::InodeNumber inode, InodeRecord record,
                                   const Attempt& attempt, Rewrite rewrite);
  base::Result<OpenFile> opened(const File& file) const;
  base::Result<SharedFd> bytes_of(LocalFile& file) const;
  base::Result<std::uint64_t> size_now(const LocalFile& file) const;
  ReadView view(const LocalFile& file) const;
  bool watch_growth(const File& file);
  void unwatch(LocalFile& file);
  void grown(FileKey key);
  void wake(Locked& locked, const File& file);
  void wake_readers(Locked& locked, LocalFile& file);
  void wake_streams(Locked& locked, const LocalFile& file);
  void let_go(Locked& locked, const File& file);

  // Their ends:
  void writer_done(Locked& locked, const File& file);
  void hash(Locked& locked, const File& file);
  void hashed(Locked& locked, const File& file, const base::Result<std::uint64_t>& checksum);
  void settle_file(Locked& locked, const File& file);
  void poison(Locked& locked, const File& file, PoisonReason reason);
  void check_flushes(Locked& locked);
  bool unsettled(const Attempt& attempt) const;
  void drop(Locked& locked, const std::vector<storage::InodeNumber>& inodes);

  Context& context_;
  ConnectionPool& pool_;
  const std::string volume_;
  const BackingFiles backing_;
  std::shared_ptr<Publisher> publisher_;

  mutable std::mutex mutex_;  // guards what follows
  bool stopped_ = false;
  Journal journal_;
  Ledger ledger_;
  std::map<FileKey, File> files_;
  // The complete copies on this node's disk: the latest version of each inode.
  std::unordered_map<storage::InodeNumber, std::uint32_t> held_;
  std::unordered_map<Ticket, FileKey> tickets_;
  std::map<Attempt, std::set<FileKey>> written_;
  std::map<Attempt, std::map<FileKey, Dependency>> read_;
  std::vector<Flush> flushes_;
  Ticket next_ticket_ = 0;
  std::uint64_t next_stream_ = 0, next_fetch_ = 0;
  bool expiry_armed_ = false;
};

// Makes the second copy of `file` somewhere; tells the volume how it went.
void make_second_copy(Context& context, ConnectionPool& pool, std::weak_ptr<VolumeImpl> volume,
                      const FileId& file);

}  // namespace storage_ephemeral
