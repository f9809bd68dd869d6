#include "storage_ephemeral/node.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <future>
#include <mutex>
#include <set>
#include <utility>

#include "connection_pool.h"
#include "context.h"
#include "serve_session.h"
#include "volume_impl.h"

namespace storage_ephemeral {
namespace {

bool is_node_name(const NodeName& name) {
  constexpr std::size_t kBytesMax = 64;
  return !name.empty() && name.size() <= kBytesMax && std::ranges::all_of(name, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

class NodeImpl final : public Node {
 public:
  NodeImpl(NodeSettings settings, std::shared_ptr<const Identity> identity,
           storage::ObjectStore& store, const base::Clock& clock, base::Logger log,
           base::UniqueFd listener, std::uint16_t port)
      : context_(std::move(settings), std::move(identity), store, clock, std::move(log)),
        pool_(context_),
        listener_(std::move(listener)),
        port_(port) {
    context_.loop.watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept_all(); });
    context_.loop.run();
  }

  ~NodeImpl() override {
    // On the loop: everything that it may still call ends there.
    context_.loop.stop([this] {
      context_.loop.forget(listener_.get());
      for (const auto& volume : all_volumes()) volume->stop();
      for (const auto& session : std::exchange(sessions_, {})) session->stop();
      pool_.stop();
    });
  }

  std::uint16_t port() const override { return port_; }

  base::Result<std::shared_ptr<Volume>> attach(const std::string& name,
                                               const std::string& directory,
                                               const std::vector<Attempt>& alive) override {
    {
      const std::lock_guard lock(mutex_);
      if (volumes_.contains(name) || !attaching_.insert(name).second) {
        return base::Error{base::ErrorCode::kInvalidArgument, "the volume is attached already"};
      }
    }
    auto volume = VolumeImpl::open(context_, pool_, name, directory, alive);
    const std::lock_guard lock(mutex_);
    attaching_.erase(name);
    if (!volume.ok()) return volume.error();
    volumes_[name] = *volume;
    return std::shared_ptr<Volume>(*volume);
  }

  void detach(const std::string& name) override {
    std::shared_ptr<VolumeImpl> volume;
    {
      const std::lock_guard lock(mutex_);
      const auto found = volumes_.find(name);
      if (found == volumes_.end()) return;
      volume = found->second;
      volumes_.erase(found);
    }
    if (context_.loop.on_loop_thread()) return volume->stop();
    std::promise<void> stopped;
    context_.loop.post([&] {
      volume->stop();
      stopped.set_value();
    });
    stopped.get_future().wait();
  }

  void node_lost(const NodeName& node) override {
    for (const auto& volume : all_volumes()) volume->node_lost(node);
  }

  NodeMetrics metrics() const override {
    const Counters& now = context_.counters;
    return {.bytes_sent = now.bytes_sent,
            .bytes_received = now.bytes_received,
            .files_poisoned = now.files_poisoned,
            .names_published = now.names_published,
            .batches_published = now.batches_published,
            .peers_refused = now.peers_refused,
            .resumed = now.resumed};
  }

 private:
  std::vector<std::shared_ptr<VolumeImpl>> all_volumes() {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<VolumeImpl>> all;
    for (const auto& [name, volume] : volumes_) all.push_back(volume);
    return all;
  }

  std::shared_ptr<FileSource> find(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = volumes_.find(name);
    return found == volumes_.end() ? nullptr : found->second;
  }

  void accept_all() {
    while (true) {
      base::UniqueFd socket(
          ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!socket.valid()) break;
      if (sessions_.size() >= context_.settings.connections_max) continue;  // it is hung up on
      use_without_delay(socket);
      const auto session = std::make_shared<ServeSession>(
          context_, [this](const std::string& volume) { return find(volume); },
          [this](ServeSession* over) {
            std::erase_if(sessions_, [over](const auto& one) { return one.get() == over; });
          });
      sessions_.insert(session);
      session->start(std::move(socket));
    }
  }

  Context context_;
  ConnectionPool pool_;  // the loop's thread alone
  base::UniqueFd listener_;
  const std::uint16_t port_;
  std::set<std::shared_ptr<ServeSession>> sessions_;  // the loop's thread alone
  std::mutex mutex_;                                  // guards what follows
  std::map<std::string, std::shared_ptr<VolumeImpl>> volumes_;
  std::set<std::string> attaching_;
};

}  // namespace

base::Result<std::unique_ptr<Node>> Node::start(NodeSettings settings, storage::ObjectStore& store,
                                                const base::Clock& clock, base::Logger log) {
  if (!is_node_name(settings.name)) {
    return base::Error{base::ErrorCode::kInvalidArgument,
                       "the node's name is not 1 to 64 of "
                       "letters, digits, '.', '_' and '-'"};
  }
  TRY(auto identity, Identity::make(settings.trust));
  TRY(base::UniqueFd listener, listen_at(settings.listen));
  TRY(const std::uint16_t port, port_of(listener));
  return std::unique_ptr<Node>(std::make_unique<NodeImpl>(std::move(settings), std::move(identity),
                                                          store, clock, std::move(log),
                                                          std::move(listener), port));
}

}  // namespace storage_ephemeral
