#include "peers.h"

#include <sstream>

#include "volumes.h"

namespace storage_daemon {

using base::ErrorCode;
using base::Result;
using base::Status;
using storage_ephemeral::NodeAddress;

namespace {

constexpr const char* kKey = "key";
constexpr const char* kNode = "node/";
constexpr std::size_t kPageMax = 500;

storage::ObjectId nodes() { return {storage::Pool::kMetadata, "larder", "nodes"}; }

}  // namespace

// Of two that make it at once, one wins and both have the winner's.
Result<std::string> Peers::shared_key() {
  storage::ObjectWrite write;
  write.omap_equals = {{kKey, ""}};
  write.omap_set[kKey] = random_name();
  auto made = store_.write(nodes(), std::move(write));
  if (!made && made.error().code != ErrorCode::kConflict) return std::move(made).error();
  TRY(auto page, store_.omap_get(nodes(), {kKey}));
  return std::move(page.entries[kKey]);
}

Status Peers::announce(const NodeAddress& address) {
  const auto now = base::epoch_ms(clock_.wall());
  storage::ObjectWrite write;
  write.omap_set[kNode + self_] =
      address.host + " " + std::to_string(address.port) + " " + std::to_string(now);
  TRY_STATUS(store_.write(nodes(), std::move(write)));
  store_.notify(nodes(), self_);
  return {};
}

Status Peers::listen() {
  TRY(watch_, store_.watch(
                  nodes(),
                  [this](std::string_view node) {
                    if (node != self_) heard_ = true;
                  },
                  [this] { heard_ = true; }));
  return {};
}

Status Peers::look() {
  if (!heard_.exchange(false)) return {};
  std::map<NodeName, Peer> peers;
  std::string after;
  for (bool more = true; more;) {
    auto page = store_.omap_list(nodes(), after, kNode, kPageMax);
    if (!page) {
      heard_ = true;
      return std::move(page).error();
    }
    for (const auto& [key, value] : page->entries) {
      Peer peer;
      std::int64_t alive = 0;
      after = key;
      if (!(std::istringstream(value) >> peer.address.host >> peer.address.port >> alive)) continue;
      peer.alive = base::WallTime(std::chrono::milliseconds(alive));
      peers[key.substr(std::string_view(kNode).size())] = peer;
    }
    more = page->more;
  }
  const std::lock_guard lock(mutex_);
  peers_ = std::move(peers);
  return {};
}

std::optional<NodeAddress> Peers::address_of(const NodeName& node) {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(node);
  if (found != peers_.end()) return found->second.address;
  heard_ = true;
  return std::nullopt;
}

std::vector<Peers::NodeName> Peers::candidates() const {
  const auto lately = clock_.wall() - lease_;
  std::vector<NodeName> names;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, peer] : peers_) {
    if (name != self_ && peer.alive >= lately) names.push_back(name);
  }
  return names;
}

}  // namespace storage_daemon
