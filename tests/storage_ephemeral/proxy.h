// Stands between two nodes and does to their bytes what networks do.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "storage_ephemeral/node.h"

namespace storage_ephemeral {

// Threads: any method from any thread.
class Proxy {
 public:
  explicit Proxy(NodeAddress target);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  NodeAddress address() const { return {"127.0.0.1", port_}; }
  // Breaks all connections; new ones are welcome.
  void cut();
  // Breaks every connection of now and later once so many more bytes came from the target.
  void cut_after(std::uint64_t bytes) { budget_ = bytes; }
  // The byte that comes from the target after so many more is another one.
  void damage_after(std::uint64_t bytes) { damage_ = bytes; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  void accept_all();
  void carry(int from, int to, bool from_target);

  NodeAddress target_;
  base::UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::atomic<std::uint64_t> budget_{UINT64_MAX}, damage_{UINT64_MAX}, bytes_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;  // guards sockets_ and threads_
  std::vector<std::shared_ptr<base::UniqueFd>> sockets_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

// Calls an address as a node would, or as nobody should: blocking, with a time-out.
class RawPeer {
 public:
  explicit RawPeer(const NodeAddress& address);
  void send(std::string_view bytes);
  // Up to `bytes`, fewer when it was hung up on.
  std::string receive(std::size_t bytes);
  // One frame without its length; "" when it was hung up on.
  std::string receive_frame();
  bool hung_up() { return receive(1).empty(); }

 private:
  base::UniqueFd socket_;
};

}  // namespace storage_ephemeral
