#include "ephemeral_tier.h"

#include <system_error>
#include <utility>

namespace storage_daemon {

using base::Result;
using base::Status;

namespace {

// Names are published until the store answers, however long that takes; those who wait do not.
constexpr std::chrono::seconds kPatience{30};

}  // namespace

Pending::Pending(const std::function<void(storage_ephemeral::DoneStatus)>& start) {
  const auto answer = std::make_shared<std::promise<Status>>();
  answer_ = answer->get_future();
  start([answer](Status status) { answer->set_value(std::move(status)); });
}

Status Pending::wait() {
  if (answer_.wait_for(kPatience) == std::future_status::ready) return answer_.get();
  return base::Error{base::ErrorCode::kDeadlineExceeded,
                     "the store takes too long to hear of ephemeral files"};
}

Result<std::unique_ptr<EphemeralTier>> EphemeralTier::start(const DaemonOptions& options,
                                                            storage::ObjectStore& store,
                                                            const base::Clock& clock,
                                                            base::Logger log) {
  auto peers = std::make_unique<Peers>(store, clock, options.node, options.lease);
  storage_ephemeral::NodeSettings settings;
  settings.name = options.node;
  settings.listen = options.ephemeral.listen;
  settings.address_of = [known = peers.get()](const auto& node) { return known->address_of(node); };
  settings.copy_candidates = [known = peers.get()] { return known->candidates(); };
  if (options.ephemeral.tls) {
    settings.trust = *options.ephemeral.tls;
  } else {
    TRY(const std::string key, peers->shared_key());
    settings.trust = storage_ephemeral::SharedKey{key};
  }
  std::unique_ptr<EphemeralTier> tier(
      new EphemeralTier(options.directory / "ephemeral", std::move(peers)));
  std::error_code failure;
  std::filesystem::create_directories(tier->directory_, failure);
  if (failure)
    return base::error_from_errno(failure.value(), "making " + tier->directory_.native());
  tier->address_ = {options.ephemeral.address.value_or(settings.listen.host), 0};
  TRY(tier->node_,
      storage_ephemeral::Node::start(std::move(settings), store, clock, std::move(log)));
  tier->address_.port = tier->node_->port();
  TRY_STATUS(tier->announce());
  TRY_STATUS(tier->peers_->listen());
  TRY_STATUS(tier->look());
  return tier;
}

Result<std::shared_ptr<EphemeralTier::Volume>> EphemeralTier::attach(
    const std::string& space, const std::vector<storage_ephemeral::Attempt>& alive) {
  const std::lock_guard lock(mutex_);
  auto& known = volumes_[space];
  if (known) return known;
  const auto directory = directory_ / space;
  std::error_code failure;
  std::filesystem::create_directory(directory, failure);
  if (failure) return base::error_from_errno(failure.value(), "making " + directory.native());
  TRY(known, node_->attach(space, directory, alive));
  return known;
}

std::shared_ptr<storage_attempts::ByteBudget> EphemeralTier::budget(const std::string& space,
                                                                    std::uint64_t bytes_max) {
  const std::lock_guard lock(mutex_);
  std::erase_if(budgets_, [](const auto& item) { return item.second.expired(); });
  auto& known = budgets_[{space, bytes_max}];
  auto budget = known.lock();
  if (budget) return budget;
  budget = std::make_shared<storage_attempts::ByteBudget>(directory_ / space / "files", bytes_max);
  known = budget;
  return budget;
}

Status EphemeralTier::remove(const std::string& space) {
  std::shared_ptr<Volume> volume;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = volumes_.extract(space)) volume = found.mapped();
  }
  Status told;
  if (volume) {
    volume->end_volume();
    told = wait_for([&](auto done) { volume->flush({}, std::move(done)); });
    node_->detach(space);
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory_ / space, ignored);
  return told;
}

std::vector<std::string> EphemeralTier::left() const {
  std::vector<std::string> spaces;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, ignored)) {
    spaces.push_back(entry.path().filename());
  }
  return spaces;
}

}  // namespace storage_daemon
