// The daemon of one node: its tables, and what keeps them in order.
#pragma once

#include <fcntl.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "attempt.h"
#include "ending.h"
#include "fetch_pool.h"
#include "metrics.h"
#include "numbers.h"
#include "people.h"
#include "storage_attempts/attempt_file_system.h"
#include "storage_attempts/content_cache.h"
#include "storage_daemon/daemon.h"
#include "volumes.h"
#include "write_ahead.h"

namespace storage_daemon {

using storage_attempts::AttemptFileSystem;
using storage_attempts::ContentCache;
using storage_control::Opened;

class DaemonOfNode final : public Daemon {
 public:
  DaemonOfNode(DaemonOptions options, int mount, storage::ObjectStore& store,
               const base::Clock& clock, base::Logger log, base::UniqueFd lock,
               std::unique_ptr<ContentCache> cache, std::unique_ptr<EphemeralTier> ephemeral)
      : options_(std::move(options)),
        lock_(std::move(lock)),
        mount_(mount),
        clock_(clock),
        log_(std::move(log)),
        cache_(std::move(cache)),
        ephemeral_(std::move(ephemeral)),
        volumes_(store, clock, options_.node, options_.lease, *ephemeral_, room_),
        people_(volumes_, clock, options_.directory / "people"),
        numbers_(options_.directory / "next-attempt"),
        files_({.cached_file_bytes_max = options_.whole_file_bytes_max}, *cache_, log_),
        pool_(options_.fetch_threads),
        publishing_(options_.fetch_threads),
        ahead_(files_, room_) {}

  ~DaemonOfNode() override {
    upkeep_.request_stop();
    if (upkeep_.joinable()) upkeep_.join();
  }

  base::Status take_over();

  storage_fuse::FileSystem& files() override { return files_; }
  std::size_t open_attempts() const override {
    const std::lock_guard lock(mutex_);
    return attempts_.size();
  }

  base::Result<base::UniqueFd> mount() override {
    base::UniqueFd copy(::fcntl(mount_, F_DUPFD_CLOEXEC, 3));
    if (!copy.valid()) return base::error_from_errno(errno, "copying the mount's descriptor");
    return copy;
  }
  base::Result<Opened> open(const std::string& client, const storage_control::Open& call) override;
  base::Result<storage::VolumeReport> finish(const std::string& client,
                                             const storage_control::Finish& call) override;
  void arrived(const std::string& client) override;
  void left(const std::string& client) override;

  base::Result<base::Json> list(const storage_control::List& call) override {
    return people_.list(call);
  }
  base::Result<base::Json> stat(const storage_control::Stat& call) override {
    return people_.stat(call);
  }
  base::Result<base::Json> usage(const storage_control::Usage& call) override {
    return people_.usage(call);
  }
  base::Result<base::Json> remove(const storage_control::Remove& call) override;
  base::Result<base::Json> copy(const storage_control::Copy& call, base::UniqueFd file) override {
    return people_.copy(call, std::move(file));
  }
  base::Result<base::Json> share(const storage_control::Share& call) override {
    return people_.share(call);
  }
  base::Result<base::Json> unshare(const storage_control::Unshare& call) override {
    return people_.unshare(call);
  }
  base::Result<base::Json> collect(const storage_control::Collect& call) override {
    return people_.collect(call);
  }
  base::Result<base::Json> check(const storage_control::Check& call) override {
    return people_.check(call);
  }
  base::Result<base::Json> metrics() override {
    metrics_.open_attempts = open_attempts();
    metrics_.cache_bytes = cache_->bytes();
    return base::Json::object({{"text", metrics_.text(ephemeral_->metrics())}});
  }

 private:
  using Ticket = std::pair<std::string, std::uint64_t>;
  using Ended = base::Result<storage::VolumeReport>;

  std::filesystem::path folder_of(AttemptNumber number) const {
    return options_.directory / "attempts" / std::to_string(number);
  }

  base::Result<std::shared_ptr<Attempt>> begin(const std::string& client,
                                               const storage_control::Open& call);
  // A volume, as an attempt sees it that begins now.
  struct VolumeView {
    std::shared_ptr<Volume> volume;
    storage_tree::Snapshot snapshot;
  };
  // `make`: where it is missing. `meanwhile` is called while the store is asked, if that comes
  // first.
  base::Result<VolumeView> begin_view(const VolumeName& name, uid_t uid, bool make,
                                      const std::function<void()>& meanwhile);
  base::Status attach(const std::shared_ptr<Attempt>& attempt, bool is_new,
                      std::optional<storage::CommitNumber> last_published = std::nullopt);
  base::Result<bool> resume(const std::filesystem::path& folder);
  base::Result<bool> discard(const std::filesystem::path& folder);
  base::Result<bool> same_mount();
  // What attempts that are not going on left of ephemeral files.
  base::Status end_ephemeral_files(bool go_on);
  // Seals or poisons what the attempt wrote, and tells the other nodes.
  base::Status settle(const Attempt& attempt, storage_ephemeral::Outcome outcome);
  Ended end(const std::shared_ptr<Attempt>& attempt, bool succeeded);
  // `stored`: what of its files are in the store now.
  using Stored = std::map<InodeNumber, storage::Content>;
  Ended end_well(const std::shared_ptr<Attempt>& attempt, Stored& stored);
  Ended commit_all(const std::shared_ptr<Attempt>& attempt, storage_attempts::Finished finished,
                   Stored& stored);
  // What of an attempt that publishes on the way is to be published now.
  void publish_now(const std::shared_ptr<Attempt>& attempt);
  void go_on_after(const std::shared_ptr<Attempt>& attempt, const Published& published);
  void doom(AttemptNumber number, const base::Error& error);
  base::Status publish_rest(const Attempt& attempt);
  base::Status check_doomed(AttemptNumber number) const;
  PathOf paths_of(const Attempt& attempt) const {
    return [this, number = attempt.facts().number](const storage::NameKey& key) {
      return files_.path_of(number, key);
    };
  }
  Ended end_badly(const std::shared_ptr<Attempt>& attempt);
  void remember_locked(AttemptNumber number, const Ended& ended);
  void put_away(const std::shared_ptr<Attempt>& attempt, const Ended& ended);

  void note(const base::Status& status, const std::string& volume = "");
  void keep_up(const std::stop_token& stop);
  void abort_the_forsaken();
  void remove_folders();
  void give_up_the_unknown();
  bool is_unknown(const std::shared_ptr<Attempt>& attempt) const;
  void maintain();
  void collect_garbage();

  const DaemonOptions options_;
  const base::UniqueFd lock_;
  const int mount_;
  const base::Clock& clock_;
  const base::Logger log_;
  const std::unique_ptr<ContentCache> cache_;
  const std::unique_ptr<EphemeralTier> ephemeral_;
  const std::shared_ptr<Bell> room_ = std::make_shared<Bell>();
  Volumes volumes_;
  People people_;
  Numbers numbers_;
  Metrics metrics_;
  AttemptFileSystem files_;

  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::map<AttemptNumber, std::shared_ptr<Attempt>> attempts_;
  std::condition_variable settled_;
  std::map<Ticket, AttemptNumber> tickets_;
  std::set<Ticket> opening_;
  std::set<AttemptNumber> ending_;
  std::map<AttemptNumber, Ended> ended_;  // the last ones, for who asks again
  std::deque<AttemptNumber> ended_order_;
  std::map<std::pair<std::string, std::string>, int> conflicts_;  // by space and activation
  std::set<std::string> here_;                                    // clients
  std::map<std::string, base::Instant> gone_;                     // when to abort what is theirs
  std::deque<std::pair<base::Instant, std::shared_ptr<Attempt>>> buried_;  // when to remove them
  std::vector<std::shared_ptr<Attempt>> unknown_;  // whether they were committed
  std::map<AttemptNumber, base::Error> doomed_;    // why they cannot end well any more

  FetchPool pool_;
  FetchPool publishing_;
  WriteAhead ahead_;
  std::jthread upkeep_;  // last: it uses everything above
};

}  // namespace storage_daemon
