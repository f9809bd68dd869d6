// Brings what a ledger has to say to the store, in batches, and what others published to the
// ledger.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "context.h"
#include "ledger.h"
#include "storage_ephemeral/volume.h"

namespace storage_ephemeral {

// What one node tells the others about a batch.
struct Announcement {
  NodeName node;
  std::uint64_t number = 0;  // of the node's batches in this volume
  storage::ObjectVersion version = 0;
  Values values;
};
std::string encode(const Announcement& announcement);
std::string encode_announcement(const NodeName& node, std::uint64_t number,
                                storage::ObjectVersion version, const Values& values);
// Whether it is one of that node: who tells others hears it, too.
bool is_from(std::string_view announcement, std::string_view node);
// Errors: kDataLoss.
base::Result<Announcement> decode_announcement(std::string_view bytes);

// Threads: as said at each method. Its timers and answers hold it.
class Publisher : public std::enable_shared_from_this<Publisher> {
 public:
  // Runs an action on the ledger, under its lock, and whatever follows from it.
  using WithLedger = std::function<void(const std::function<void(Ledger&)>&)>;

  Publisher(Context& context, const std::string& volume, WithLedger with_ledger);

  // Reads everything and begins to listen. Blocks; before anything else.
  base::Status load();

  // Any thread:
  void changed();    // soon
  void looked_at();  // names were asked for: what was not told to this node is found out soon
  void flush(DoneStatus done);  // when everything until now is in the store
  // When everything that is in the store now is known. Where nothing was missed, it costs one read
  // and no turn of the loop.
  void refresh(DoneStatus done);
  void stop();  // answers everybody; the loop must run no more, or be this thread

 private:
  void arm(std::chrono::milliseconds wait);
  void publish();
  storage::ObjectWrite as_write(const Ledger::Batch& batch);
  void answered(const base::Result<storage::ObjectVersion>& result);
  void landed(storage::ObjectVersion version);
  void resolve_conflict();
  void resolve(const base::Result<storage::OmapPage>& page);
  void retry(const base::Error& error);
  void heard(const std::string& bytes);
  void read_missed(DoneStatus done);
  void begin_with(const std::map<std::string, std::string>& all, storage::ObjectVersion version);
  void know(const std::map<NodeName, std::uint64_t>& numbers);
  bool behind(const std::map<NodeName, std::uint64_t>& numbers) const;
  void look();
  void looked(const base::Result<storage::OmapPage>& page);
  void refresh_unasked();
  void begin_refresh();
  void compare(const base::Result<storage::OmapPage>& page);
  void list_from(const std::string& after);
  void listed(const base::Result<storage::OmapPage>& page);
  void end_refresh(const base::Status& status);
  template <typename Method>
  auto on_loop(Method method);

  Context& context_;
  const storage::ObjectId object_;
  WithLedger with_ledger_;
  std::unique_ptr<storage::Watch> watch_;
  std::atomic<bool> scheduled_{false};
  std::atomic<bool> looking_{false};
  mutable std::mutex heard_mutex_;  // a leaf
  // By each node; the ledger knows of them already. Guarded by heard_mutex_; changed on the loop.
  std::map<NodeName, std::uint64_t> heard_numbers_;

  // The loop's thread alone:
  bool stopped_ = false;
  bool armed_ = false;
  bool writing_ = false;
  std::chrono::milliseconds retry_after_{50};  // longer while the store stays away
  std::uint64_t number_ = 0;
  std::vector<DoneStatus> flushing_, flying_flushes_;  // for the next batches; for this one
  std::vector<DoneStatus> refreshing_, next_refreshing_;
  bool in_refresh_ = false;
  bool listing_ = false;
  std::map<NodeName, std::uint64_t> listed_numbers_;
  std::map<std::string, std::string> listed_;
  storage::ObjectVersion listed_version_ = 0;
};

}  // namespace storage_ephemeral
