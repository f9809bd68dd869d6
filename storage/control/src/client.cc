#include "storage_control/client.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <atomic>
#include <cerrno>
#include <utility>
#include <vector>

#include "connection.h"

namespace storage_control {
namespace {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Json;
using base::Result;
using base::UniqueFd;

// The attempt's directory below the mount that is attached nowhere, as a mount of its own.
Result<UniqueFd> clone_directory(int mount_fd, AttemptNumber attempt, bool read_only) {
  const std::string name = directory_of(attempt);
  const UniqueFd directory(
      ::openat(mount_fd, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory.valid()) return error_from_errno(errno, "opening the volume's directory");
  UniqueFd tree(
      ::open_tree(directory.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
  if (!tree.valid()) return error_from_errno(errno, "cloning the volume's directory");
  if (!read_only) return tree;
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
    return error_from_errno(errno, "making a volume read-only");
  }
  return tree;
}

class RemoteVolume final : public storage::OpenVolume {
 public:
  RemoteVolume(std::shared_ptr<Connection> connection, AttemptNumber attempt)
      : connection_(std::move(connection)), attempt_(attempt) {}

  ~RemoteVolume() override {
    // What cannot be told is undone by the daemon when this client goes.
    if (!finished_) (void)finish(false).ok();
  }

  base::Status prepare(const hints::Volume& volume) {
    const auto mount = connection_->mount();
    if (!mount) return Error{ErrorCode::kInternal, "larder-storaged has handed over no mount"};
    storage::VolumePart part;
    part.tier = volume.tier;
    part.read_only = volume.read_only;
    TRY(part.tree, clone_directory(mount->get(), attempt_, volume.read_only));
    parts_.push_back(std::move(part));
    return {};
  }

  std::vector<storage::VolumePart> take_parts() override { return std::exchange(parts_, {}); }

  Result<storage::VolumeReport> finish(bool succeeded) override {
    if (std::exchange(finished_, true)) {
      return Error{ErrorCode::kInvalidArgument, "the volume was finished before"};
    }
    parts_.clear();
    TRY(const Json answer, connection_->ask(Finish{attempt_, succeeded}, -1, WhenLost::kAskAgain));
    return report_from(answer);
  }

 private:
  const std::shared_ptr<Connection> connection_;
  const AttemptNumber attempt_;
  std::vector<storage::VolumePart> parts_;
  bool finished_ = false;
};

}  // namespace

class ControlClient::Impl {
 public:
  explicit Impl(ControlClientOptions options)
      : connection(std::make_shared<Connection>(std::move(options))) {}

  const std::shared_ptr<Connection> connection;
  std::atomic<std::uint64_t> next_ticket{1};
};

ControlClient::ControlClient(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
ControlClient::~ControlClient() = default;

Result<std::unique_ptr<ControlClient>> ControlClient::connect(ControlClientOptions options) {
  auto impl = std::make_shared<Impl>(std::move(options));
  TRY_STATUS(impl->connection->greet());
  return std::unique_ptr<ControlClient>(new ControlClient(std::move(impl)));
}

std::unique_ptr<ControlClient> ControlClient::begin(ControlClientOptions options) {
  auto impl = std::make_shared<Impl>(std::move(options));
  return std::unique_ptr<ControlClient>(new ControlClient(std::move(impl)));
}

Result<std::unique_ptr<storage::OpenVolume>> ControlClient::open(std::string_view namespace_name,
                                                                 std::string_view activation_id,
                                                                 const hints::Volume& volume,
                                                                 uid_t uid) {
  if (impl_->connection->options().client.empty()) {
    return Error{ErrorCode::kInvalidArgument, "a client without a name cannot open volumes"};
  }
  const Open call{impl_->next_ticket.fetch_add(1), std::string(namespace_name),
                  std::string(activation_id), volume, uid};
  TRY(const Json answer, impl_->connection->ask(call, -1, WhenLost::kAskAgain));
  TRY(const Opened opened, opened_from(answer));
  auto remote = std::make_unique<RemoteVolume>(impl_->connection, opened.attempt);
  TRY_STATUS(remote->prepare(volume));
  return std::unique_ptr<storage::OpenVolume>(std::move(remote));
}

ControlState ControlClient::state() const { return impl_->connection->state(); }

Result<Json> ControlClient::ask(const Call& call, int descriptor) {
  return impl_->connection->ask(call, descriptor, WhenLost::kGiveUp);
}

}  // namespace storage_control
