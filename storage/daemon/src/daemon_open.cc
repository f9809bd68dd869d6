// How attempts begin.
#include <algorithm>
#include <functional>
#include <optional>

#include "base/text.h"
#include "daemon_of_node.h"
#include "publisher.h"
#include "ruled_directories.h"
#include "volume_source.h"

namespace storage_daemon {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kActivationBytesMax = 128;

constexpr int kCopiesMax = 2;

// That are removed one after the other while an attempt begins.
constexpr int kVolumesMax = 8;

// Goes again where the attempt does not begin.
class NewFolder {
 public:
  explicit NewFolder(std::filesystem::path path) : path_(std::move(path)) {}
  ~NewFolder() {
    std::error_code ignored;
    if (!kept_) std::filesystem::remove_all(path_, ignored);
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  void keep() { kept_ = true; }

 private:
  const std::filesystem::path path_;
  bool kept_ = false;
};

// What this build cannot do, whoever asked for it.
Status check_hint(const hints::Volume& volume) {
  const auto refused = [&](const std::string& what) {
    return Error{ErrorCode::kUnsupported, "volume " + base::quoted(volume.name) + ": " + what};
  };
  if (volume.lifetime.kind == hints::Lifetime::Kind::kSession) {
    return refused("nobody says here which activations are one session");
  }
  if (volume.copies > kCopiesMax) return refused("ephemeral files have two copies at most");
  return {};
}

// A volume of another namespace is opened where that shares it; whether there is one without that
// is nobody's business.
Status check_grant(Volumes& volumes, const VolumeName& name, const hints::Volume& hint,
                   const std::string& namespace_name) {
  TRY(const auto grant, volumes.grant_of(name, namespace_name));
  const std::string path = name.namespace_name + "/" + name.name;
  const std::string command = "larder volume share " + path + " --with " + namespace_name;
  if (!grant) {
    return Error{ErrorCode::kUnsupported, "volume " + base::quoted(path) + " is not shared with " +
                                              base::quoted(namespace_name) +
                                              "; who runs the platform can do that: " + command};
  }
  if (!grant->read_only || hint.read_only) return {};
  return Error{ErrorCode::kUnsupported,
               "volume " + base::quoted(path) + " is shared with " + base::quoted(namespace_name) +
                   " to be read only: say \"readOnly\": true, or ask for " + command};
}

// Who sees a commit sees the ephemeral names that its activation had told before it: where the
// volume has moved on, names that were asked for at the same time may be older than that.
Status hear_as_of(Volume& volume, const storage_tree::Snapshot& snapshot) {
  const auto number = snapshot.number();
  auto heard = volume.heard.load();
  TRY_STATUS(wait_for([&](auto done) { volume.ephemeral->refresh(std::move(done)); }));
  while (heard < number && !volume.heard.compare_exchange_weak(heard, number)) {
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<Attempt>> DaemonOfNode::begin(const std::string& client,
                                                     const storage_control::Open& call) {
  TRY_STATUS(check_hint(call.volume));
  if (call.activation_id.empty() || call.activation_id.size() > kActivationBytesMax) {
    return Error{ErrorCode::kInvalidArgument, "an activation's id has 1 to 128 bytes"};
  }
  AttemptFacts facts;
  facts.client = client;
  facts.ticket = call.ticket;
  facts.volume = {call.volume.owner.value_or(call.namespace_name), call.volume.name};
  facts.activation_id = call.activation_id;
  facts.writer = random_name();
  facts.hint = call.volume;
  TRY(facts.number, numbers_.take());
  const bool own = facts.volume.namespace_name == call.namespace_name;
  if (!own) TRY_STATUS(check_grant(volumes_, facts.volume, call.volume, call.namespace_name));
  const auto folder = folder_of(facts.number);
  NewFolder kept(folder);
  std::optional<Status> made_folder;
  TRY(auto view,
      begin_view(facts.volume, call.uid, own, [&] { made_folder = Attempt::make_folder(folder); }));
  if (!made_folder) made_folder = Attempt::make_folder(folder);
  TRY_STATUS(*std::move(made_folder));
  TRY(const bool made,
      make_ruled_directories(view.volume, view.snapshot, call.volume, clock_, people_.scratch()));
  if (made) {
    TRY(view.snapshot, view.volume->tree->begin());
  }
  facts.space = view.volume->space;
  facts.snapshot = view.snapshot.number();
  auto attempt = std::make_shared<Attempt>(std::move(facts), std::move(view.volume),
                                           std::move(view.snapshot), folder);
  TRY_STATUS(attempt->write_facts());
  TRY_STATUS(attach(attempt, true));
  kept.keep();
  return attempt;
}

// The store is waited for once: which ephemeral names were missed and the snapshot are asked for at
// the same time, and the folder is made then. What was flushed and committed before this attempt
// began, it sees. That the name means another volume by now, the tree of the old one says.
Result<DaemonOfNode::VolumeView> DaemonOfNode::begin_view(const VolumeName& name, uid_t uid,
                                                          bool make,
                                                          const std::function<void()>& meanwhile) {
  auto volume = volumes_.last_opened(name);
  for (int tries = 1;; ++tries) {
    if (!volume) {
      TRY(volume, make ? volumes_.open_or_make(name, uid) : volumes_.open(name));
    }
    Pending names([&](auto done) { volume->ephemeral->refresh(std::move(done)); });
    auto snapshot = volume->tree->begin(tries == 1 ? meanwhile : std::function<void()>());
    const Status heard = names.wait();
    if (snapshot) {
      TRY_STATUS(heard);
      if (snapshot->number() > volume->heard) TRY_STATUS(hear_as_of(*volume, *snapshot));
      return VolumeView{std::move(volume), *std::move(snapshot)};
    }
    if (snapshot.error().code != ErrorCode::kNotFound || tries == kVolumesMax) {
      return std::move(snapshot).error();
    }
    TRY_STATUS(volumes_.forget_removed(*volume));
    volume.reset();
  }
}

Status DaemonOfNode::attach(const std::shared_ptr<Attempt>& attempt_ptr, bool is_new,
                            std::optional<storage::CommitNumber> last_published) {
  const Attempt& attempt = *attempt_ptr;
  storage_attempts::AttemptOptions options;
  options.is_new = is_new;
  options.last_published = last_published;
  options.number = attempt.facts().number;
  options.overlay = overlay_options(attempt.facts(), options_.files_max);
  options.overlay.snapshot = attempt.snapshot().number();
  options.volume = attempt.facts().space;
  options.staging = attempt.staging();
  options.node = options_.node;
  options.ephemeral = attempt.volume()->ephemeral;
  if (const auto& quota = attempt.facts().hint.quota_bytes) {
    const auto bytes = static_cast<std::uint64_t>(*quota);
    options.staged_budget =
        std::make_shared<storage_attempts::ByteBudget>(attempt.staging(), bytes);
    options.ephemeral_budget = ephemeral_->budget(attempt.facts().space, bytes);
  }
  options.source = std::make_shared<VolumeSource>(attempt_ptr, pool_);
  if (options.overlay.publish != storage_overlay::Publish::kAtEnd) {
    options.publisher = std::make_shared<PublisherOf>(
        attempt_ptr, pool_, publishing_, [this](const auto& one) { publish_now(one); });
  }
  return files_.attach(std::move(options));
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
  const std::lock_guard lock(mutex_);
  opening_.erase(ticket);
  settled_.notify_all();
  if (!attempt) return std::move(attempt).error();
  ++metrics_.attempts;
  const AttemptNumber number = (*attempt)->facts().number;
  tickets_[ticket] = number;
  // Under one name one commit is made: who makes several stores nothing before.
  if (publish_of(call.volume) == storage_overlay::Publish::kAtEnd) ahead_.add(*attempt);
  attempts_[number] = *std::move(attempt);
  // Whoever left meanwhile asked for it all the same: it goes with the others.
  if (!here_.contains(client)) gone_.try_emplace(client, clock_.now() + options_.client_grace);
  return Opened{number};
}

}  // namespace storage_daemon
