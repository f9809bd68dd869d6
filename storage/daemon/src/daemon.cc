#include "storage_daemon/daemon.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "attempt_table.h"
#include "base/text.h"
#include "ending.h"
#include "files.h"
#include "metrics.h"
#include "people.h"

namespace storage_daemon {
namespace {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Instant;
using base::Json;
using base::Result;
using base::Status;
using base::UniqueFd;
using storage_control::Opened;

constexpr std::chrono::milliseconds kUpkeepEvery{100};
// How long the folder of an attempt that is over stays, so that a daemon which dies before its
// answer is out leaves a successor something to answer from.
constexpr std::chrono::milliseconds kFolderStays{1000};
constexpr std::size_t kEndedKept = 4096;
constexpr std::size_t kActivationBytesMax = 128;

std::string writer_of() { return random_name(); }

Status check_options(const DaemonOptions& options) {
  const bool fits = !options.node.empty() && options.node.size() <= 64 &&
                    std::ranges::all_of(options.node, [](char letter) {
                      return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                             (letter >= 'A' && letter <= 'Z') || letter == '-' || letter == '_' ||
                             letter == '.';
                    });
  if (fits) return {};
  return Error{ErrorCode::kInvalidArgument,
               "the node's name must have 1 to 64 letters, digits, '.', '_' and '-', and is " +
                   base::quoted(options.node)};
}

// What this build cannot do, whoever asked for it.
Status check_hint(const hints::Volume& volume, const std::string& namespace_name) {
  const auto refused = [&](const std::string& what) {
    return Error{ErrorCode::kUnsupported, "volume " + base::quoted(volume.name) + ": " + what};
  };
  const bool ephemeral = volume.tier == hints::Tier::kEphemeral ||
                         std::ranges::any_of(volume.rules, [](const hints::PathRule& rule) {
                           return rule.tier == hints::Tier::kEphemeral;
                         });
  if (ephemeral) return refused("this node keeps durable files alone");
  if (volume.isolation == hints::Isolation::kNone) {
    return refused("activations are transactions here; isolation \"none\" is not to be had");
  }
  if (volume.owner && *volume.owner != namespace_name) {
    return refused("it belongs to another namespace");
  }
  return {};
}

Result<UniqueFd> lock_directory(const std::filesystem::path& directory) {
  std::error_code failure;
  std::filesystem::create_directories(directory, failure);
  if (failure) return error_from_errno(failure.value(), "making " + directory.native());
  const auto path = directory / "lock";
  UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return error_from_errno(errno, "opening " + path.native());
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error{ErrorCode::kUnavailable, "another daemon has the directory " + directory.native()};
  }
  return lock;
}

// Numbers are taken in blocks, so that one write serves many attempts.
class Numbers {
 public:
  explicit Numbers(std::filesystem::path file) : file_(std::move(file)) {
    std::ifstream(file_) >> next_;
    next_ = std::max<AttemptNumber>(next_, 1);
    end_ = next_;
  }

  Result<AttemptNumber> take() {
    const std::lock_guard lock(mutex_);
    while (true) {
      if (next_ == end_) TRY_STATUS(extend());
      const AttemptNumber number = next_++;
      if (slot_of(number) != 0) return number;
    }
  }

 private:
  static constexpr AttemptNumber kBlock = 1000;

  Status extend() {
    const std::string part = file_.native() + ".part";
    {
      std::ofstream out(part, std::ios::trunc);
      out << end_ + kBlock << '\n';
      if (!out.flush()) return Error{ErrorCode::kNoSpace, "cannot write " + part};
    }
    if (::rename(part.c_str(), file_.c_str()) != 0) {
      return error_from_errno(errno, "naming " + file_.native());
    }
    end_ += kBlock;
    return {};
  }

  const std::filesystem::path file_;
  std::mutex mutex_;
  AttemptNumber next_ = 1, end_ = 1;  // guarded by mutex_
};

class DaemonOfNode final : public Daemon {
 public:
  DaemonOfNode(DaemonOptions options, int mount, storage::ObjectStore& store,
               const base::Clock& clock, base::Logger log, UniqueFd lock,
               std::unique_ptr<ContentCache> cache)
      : options_(std::move(options)),
        lock_(std::move(lock)),
        mount_(mount),
        clock_(clock),
        log_(std::move(log)),
        cache_(std::move(cache)),
        volumes_(store, clock, options_.node, options_.lease),
        people_(volumes_, clock, options_.directory / "people"),
        numbers_(options_.directory / "next-attempt"),
        files_(attempts_, *cache_, pool_, clock, {options_.whole_file_bytes_max}),
        pool_(options_.fetch_threads) {}

  ~DaemonOfNode() override {
    upkeep_.request_stop();
    if (upkeep_.joinable()) upkeep_.join();
  }

  Status take_over();

  storage_fuse::FileSystem& files() override { return files_; }
  std::size_t open_attempts() const override { return attempts_.size(); }

  Result<UniqueFd> mount() override {
    UniqueFd copy(::fcntl(mount_, F_DUPFD_CLOEXEC, 3));
    if (!copy.valid()) return error_from_errno(errno, "copying the mount's descriptor");
    return copy;
  }
  Result<Opened> open(const std::string& client, const storage_control::Open& call) override;
  Result<storage::VolumeReport> finish(const std::string& client,
                                       const storage_control::Finish& call) override;
  void arrived(const std::string& client) override;
  void left(const std::string& client) override;

  Result<Json> list(const storage_control::List& call) override { return people_.list(call); }
  Result<Json> stat(const storage_control::Stat& call) override { return people_.stat(call); }
  Result<Json> usage(const storage_control::Usage& call) override { return people_.usage(call); }
  Result<Json> remove(const storage_control::Remove& call) override;
  Result<Json> copy(const storage_control::Copy& call, UniqueFd file) override {
    return people_.copy(call, std::move(file));
  }
  Result<Json> collect(const storage_control::Collect& call) override {
    return people_.collect(call);
  }
  Result<Json> check(const storage_control::Check& call) override { return people_.check(call); }
  Result<Json> metrics() override {
    metrics_.open_attempts = attempts_.size();
    metrics_.cache_bytes = cache_->bytes();
    return Json::object({{"text", metrics_.text()}});
  }

 private:
  using Ticket = std::pair<std::string, std::uint64_t>;
  using Ended = Result<storage::VolumeReport>;

  AttemptLimits limits() const { return {options_.files_max}; }
  std::filesystem::path folder_of(AttemptNumber number) const {
    return options_.directory / "attempts" / std::to_string(number);
  }

  Result<std::shared_ptr<Attempt>> begin(const std::string& client,
                                         const storage_control::Open& call);
  Status resume(const std::filesystem::path& folder);
  Status discard(const std::filesystem::path& folder);
  base::Result<bool> same_mount();
  Ended end(const std::shared_ptr<Attempt>& attempt, bool succeeded);
  Ended end_well(Attempt& attempt, storage::VolumeReport report);
  void put_away(const std::shared_ptr<Attempt>& attempt, const Ended& ended);

  void keep_up(const std::stop_token& stop);
  void abort_the_forsaken();
  void remove_folders();
  void give_up_the_unknown();
  void maintain();
  void collect_garbage();

  const DaemonOptions options_;
  const UniqueFd lock_;
  const int mount_;
  const base::Clock& clock_;
  const base::Logger log_;
  const std::unique_ptr<ContentCache> cache_;
  Volumes volumes_;
  People people_;
  Numbers numbers_;
  AttemptTable attempts_;
  Metrics metrics_;
  Files files_;

  std::mutex mutex_;
  // Guarded by mutex_:
  std::condition_variable settled_;
  std::map<Ticket, AttemptNumber> tickets_;
  std::set<Ticket> opening_;
  std::set<AttemptNumber> ending_;
  std::map<AttemptNumber, Ended> ended_;  // the last ones, for who asks again
  std::deque<AttemptNumber> ended_order_;
  std::map<std::pair<std::string, std::string>, int> conflicts_;  // by space and activation
  std::set<std::string> here_;                                    // clients
  std::map<std::string, Instant> gone_;                           // when to abort what is theirs
  std::deque<std::pair<Instant, std::filesystem::path>> buried_;
  std::vector<std::shared_ptr<Attempt>> unknown_;  // whether they were committed

  FetchPool pool_;
  std::jthread upkeep_;  // last: it uses everything above
};

// --- The beginning of an attempt.

Result<std::shared_ptr<Attempt>> DaemonOfNode::begin(const std::string& client,
                                                     const storage_control::Open& call) {
  TRY_STATUS(check_hint(call.volume, call.namespace_name));
  if (call.activation_id.empty() || call.activation_id.size() > kActivationBytesMax) {
    return Error{ErrorCode::kInvalidArgument, "an activation's id has 1 to 128 bytes"};
  }
  AttemptFacts facts;
  facts.client = client;
  facts.ticket = call.ticket;
  facts.volume = {call.volume.owner.value_or(call.namespace_name), call.volume.name};
  facts.activation_id = call.activation_id;
  facts.writer = writer_of();
  facts.hint = call.volume;
  TRY(facts.number, numbers_.take());
  TRY(auto volume, volumes_.open_or_make(facts.volume, call.uid));
  facts.space = volume->space;
  TRY(storage_tree::Snapshot snapshot, volume->tree->begin());
  facts.snapshot = snapshot.number();
  const auto folder = folder_of(facts.number);
  return Attempt::begin(std::move(facts), std::move(volume), std::move(snapshot), folder, limits());
}

Result<Opened> DaemonOfNode::open(const std::string& client, const storage_control::Open& call) {
  const Ticket ticket{client, call.ticket};
  {
    std::unique_lock lock(mutex_);
    settled_.wait(lock, [&] { return !opening_.contains(ticket); });
    if (const auto known = tickets_.find(ticket); known != tickets_.end()) {
      return Opened{known->second};
    }
    opening_.insert(ticket);
  }
  auto attempt = begin(client, call);
  if (attempt && !attempts_.add(*attempt)) {
    attempt = Error{ErrorCode::kUnavailable, "too many attempts have begun and not ended"};
  }
  const std::lock_guard lock(mutex_);
  opening_.erase(ticket);
  settled_.notify_all();
  if (!attempt) return std::move(attempt).error();
  ++metrics_.attempts;
  const AttemptNumber number = (*attempt)->facts().number;
  tickets_[ticket] = number;
  // Whoever left meanwhile asked for it all the same: it goes with the others.
  if (!here_.contains(client)) gone_.try_emplace(client, clock_.now() + options_.client_grace);
  return Opened{number};
}

// --- Its end.

Result<storage::VolumeReport> DaemonOfNode::finish(const std::string& client,
                                                   const storage_control::Finish& call) {
  std::shared_ptr<Attempt> attempt;
  {
    std::unique_lock lock(mutex_);
    settled_.wait(lock, [&] { return !ending_.contains(call.attempt); });
    if (const auto known = ended_.find(call.attempt); known != ended_.end()) return known->second;
    attempt = attempts_.find(call.attempt);
    if (attempt == nullptr || attempt->facts().client != client) {
      return Error{ErrorCode::kNotFound, "there is no such attempt; it was aborted"};
    }
    ending_.insert(call.attempt);
  }
  Ended ended = end(attempt, call.succeeded);
  put_away(attempt, ended);
  return ended;
}

DaemonOfNode::Ended DaemonOfNode::end(const std::shared_ptr<Attempt>& attempt, bool succeeded) {
  storage::VolumeReport report = report_of(*attempt);
  metrics_.add(report.traffic);
  if (succeeded) return end_well(*attempt, std::move(report));
  report.commit =
      storage::CommitReport{storage::CommitReport::Kind::kAborted, 0, 0, "the activation failed"};
  ++metrics_.aborted;
  if (const Status given_up = give_up(*attempt); !given_up) {
    log_.warn("Volumes", given_up.error().message, {{"attempt", attempt->facts().number}});
    const std::lock_guard lock(mutex_);
    unknown_.push_back(attempt);
  }
  return report;
}

DaemonOfNode::Ended DaemonOfNode::end_well(Attempt& attempt, storage::VolumeReport report) {
  bool unknown = false;
  const auto begun = clock_.now();
  auto committed = commit(attempt, unknown);
  metrics_.commit_took(clock_.now() - begun);
  const std::pair<std::string, std::string> key{attempt.facts().space,
                                                attempt.facts().activation_id};
  if (committed) {
    ++metrics_.committed;
    const std::lock_guard lock(mutex_);
    if (const auto found = conflicts_.extract(key)) committed->retries = found.mapped();
    report.commit = *std::move(committed);
    return report;
  }
  const bool conflict = committed.error().code == ErrorCode::kConflict;
  ++(conflict ? metrics_.conflicts : metrics_.failed);
  const std::lock_guard lock(mutex_);
  if (conflict && attempt.facts().hint.retry > 0) ++conflicts_[key];
  if (!conflict) {
    log_.error("Volumes", committed.error().message, {{"activation", key.second}});
  }
  if (unknown) {
    if (auto shared = attempts_.find(attempt.facts().number)) unknown_.push_back(shared);
  }
  return std::move(committed).error();
}

void DaemonOfNode::put_away(const std::shared_ptr<Attempt>& attempt, const Ended& ended) {
  const AttemptFacts& facts = attempt->facts();
  attempts_.remove(facts.number);
  const std::lock_guard lock(mutex_);
  tickets_.erase({facts.client, facts.ticket});
  ending_.erase(facts.number);
  ended_.insert_or_assign(facts.number, ended);
  ended_order_.push_back(facts.number);
  if (ended_order_.size() > kEndedKept) {
    ended_.erase(ended_order_.front());
    ended_order_.pop_front();
  }
  if (std::ranges::find(unknown_, attempt) == unknown_.end()) {
    buried_.emplace_back(clock_.now() + kFolderStays, attempt->directory());
  }
  settled_.notify_all();
}

// --- Clients.

void DaemonOfNode::arrived(const std::string& client) {
  const std::lock_guard lock(mutex_);
  here_.insert(client);
  gone_.erase(client);
}

void DaemonOfNode::left(const std::string& client) {
  const std::lock_guard lock(mutex_);
  here_.erase(client);
  gone_[client] = clock_.now() + options_.client_grace;
}

void DaemonOfNode::abort_the_forsaken() {
  std::vector<std::shared_ptr<Attempt>> forsaken;
  {
    const std::lock_guard lock(mutex_);
    const Instant now = clock_.now();
    for (const auto& attempt : attempts_.all()) {
      const AttemptFacts& facts = attempt->facts();
      const auto left = gone_.find(facts.client);
      if (left == gone_.end() || left->second > now || !ending_.insert(facts.number).second) {
        continue;
      }
      forsaken.push_back(attempt);
    }
    std::erase_if(gone_, [&](const auto& item) { return item.second <= now; });
  }
  for (const auto& attempt : forsaken) {
    log_.info("Volumes", "an attempt is aborted: its client is gone",
              {{"activation", attempt->facts().activation_id}});
    put_away(attempt, end(attempt, false));
  }
}

// --- After a restart.

Status DaemonOfNode::resume(const std::filesystem::path& folder) {
  TRY(AttemptFacts facts, Attempt::read_facts(folder));
  TRY(auto volume, volumes_.reopen(facts.volume, facts.space));
  TRY(storage_tree::Snapshot snapshot, volume->tree->resume(facts.snapshot));
  TRY(const auto attempt,
      Attempt::resume(std::move(facts), std::move(volume), std::move(snapshot), folder, limits()));
  const std::lock_guard lock(mutex_);
  tickets_[{attempt->facts().client, attempt->facts().ticket}] = attempt->facts().number;
  gone_.try_emplace(attempt->facts().client, clock_.now() + options_.restart_grace);
  attempts_.add(attempt);
  return {};
}

// Nothing of an attempt whose users' mount is gone may be published any more.
Status DaemonOfNode::discard(const std::filesystem::path& folder) {
  const auto facts = Attempt::read_facts(folder);
  if (!facts || !Attempt::was_uploading(folder)) return {};
  TRY(const auto volume, volumes_.reopen(facts->volume, facts->space));
  const Status aborted = volume->tree->abort(facts->activation_id, facts->writer);
  if (!aborted && aborted.error().code != ErrorCode::kAlreadyExists) return aborted;
  return {};
}

Result<bool> DaemonOfNode::same_mount() {
  const auto file = options_.directory / "mount";
  std::string known;
  std::getline(std::ifstream(file), known);
  if (known == options_.mount_identity) return true;
  std::ofstream out(file, std::ios::trunc);
  out << options_.mount_identity << '\n';
  if (!out.flush()) return Error{ErrorCode::kNoSpace, "cannot write " + file.native()};
  return false;
}

Status DaemonOfNode::take_over() {
  const auto folder = options_.directory / "attempts";
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) return error_from_errno(failure.value(), "making " + folder.native());
  TRY(const bool go_on, same_mount());
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
    const Status taken = go_on ? resume(entry.path()) : discard(entry.path());
    if (go_on && taken) continue;
    if (!taken) {
      log_.warn("Volumes", "an attempt cannot go on: " + taken.error().message,
                {{"folder", entry.path().native()}});
    }
    std::error_code ignored;
    std::filesystem::remove_all(entry.path(), ignored);
  }
  if (attempts_.size() > 0) {
    log_.info("Volumes", std::to_string(attempts_.size()) + " attempts go on after a restart");
  }
  upkeep_ = std::jthread([this](const std::stop_token& stop) { keep_up(stop); });
  return {};
}

// --- Upkeep.

void DaemonOfNode::keep_up(const std::stop_token& stop) {
  std::mutex sleeping;
  std::condition_variable_any woken;
  Instant maintain_at = clock_.now(), collect_at = clock_.now() + options_.collect_every;
  while (!stop.stop_requested()) {
    abort_the_forsaken();
    remove_folders();
    if (clock_.now() >= maintain_at) {
      maintain_at = clock_.now() + options_.lease / 4;
      maintain();
      give_up_the_unknown();
    }
    if (clock_.now() >= collect_at) {
      collect_at = clock_.now() + options_.collect_every;
      collect_garbage();
    }
    std::unique_lock lock(sleeping);
    woken.wait_for(lock, stop, kUpkeepEvery, [] { return false; });
  }
}

void DaemonOfNode::remove_folders() {
  std::vector<std::filesystem::path> due;
  {
    const std::lock_guard lock(mutex_);
    while (!buried_.empty() && buried_.front().first <= clock_.now()) {
      due.push_back(std::move(buried_.front().second));
      buried_.pop_front();
    }
  }
  for (const auto& folder : due) {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
}

void DaemonOfNode::give_up_the_unknown() {
  std::vector<std::shared_ptr<Attempt>> unknown;
  {
    const std::lock_guard lock(mutex_);
    unknown.swap(unknown_);
  }
  for (const auto& attempt : unknown) {
    const Status given_up = give_up(*attempt);
    const bool settled = given_up || given_up.error().code == ErrorCode::kAlreadyExists;
    const std::lock_guard lock(mutex_);
    if (settled) {
      buried_.emplace_back(clock_.now(), attempt->directory());
    } else {
      unknown_.push_back(attempt);
    }
  }
}

void DaemonOfNode::maintain() {
  for (const auto& volume : volumes_.known()) {
    if (const Status kept = volume->tree->maintain(); !kept) {
      log_.warn("Volumes", kept.error().message, {{"volume", volume->name.name}});
    }
  }
}

void DaemonOfNode::collect_garbage() {
  for (const auto& volume : volumes_.known()) {
    if (const auto collected = volume->tree->collect(); !collected) {
      log_.warn("Volumes", collected.error().message, {{"volume", volume->name.name}});
    }
  }
}

Result<Json> DaemonOfNode::remove(const storage_control::Remove& call) {
  if (call.place.path.empty() && call.whole_volume) {
    const VolumeName name{call.place.namespace_name, call.place.volume};
    const auto in_use = [&](const auto& attempt) { return attempt->facts().volume == name; };
    if (std::ranges::any_of(attempts_.all(), in_use)) {
      return Error{ErrorCode::kConflict, "the volume " + call.place.volume + " is in use"};
    }
  }
  return people_.remove(call);
}

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::start(DaemonOptions options, int mount,
                                              storage::ObjectStore& store, const base::Clock& clock,
                                              base::Logger log) {
  TRY_STATUS(check_options(options));
  TRY(UniqueFd lock, lock_directory(options.directory));
  TRY(auto cache, ContentCache::open(options.directory / "cache", options.cache_bytes));
  auto daemon = std::make_unique<DaemonOfNode>(std::move(options), mount, store, clock,
                                               std::move(log), std::move(lock), std::move(cache));
  TRY_STATUS(daemon->take_over());
  return std::unique_ptr<Daemon>(std::move(daemon));
}

}  // namespace storage_daemon
