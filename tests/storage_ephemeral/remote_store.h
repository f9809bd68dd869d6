// One store for nodes in several processes: the test's process has it and serves it over a socket.
// Only what ephemeral names need.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "storage/object_store.h"

namespace storage_ephemeral {

class StoreServer {
 public:
  // Listens at the Unix socket `path`.
  StoreServer(storage::ObjectStore& store, const std::string& path);
  ~StoreServer();
  StoreServer(const StoreServer&) = delete;
  StoreServer& operator=(const StoreServer&) = delete;

 private:
  struct Peer;
  void accept_all();
  static void serve(storage::ObjectStore& store, const std::shared_ptr<Peer>& peer);

  storage::ObjectStore& store_;
  base::UniqueFd listener_;
  std::mutex mutex_;  // guards peers_ and threads_
  std::vector<std::shared_ptr<Peer>> peers_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

class RemoteStore final : public storage::ObjectStore {
 public:
  explicit RemoteStore(const std::string& path);
  ~RemoteStore() override;

  using ObjectStore::omap_get;
  using ObjectStore::omap_list;
  using ObjectStore::read;
  using ObjectStore::stat;
  using ObjectStore::write;
  void write(const storage::ObjectId& object, storage::ObjectWrite change,
             Done<storage::ObjectVersion> done) override;
  void read(const storage::ObjectId& object, std::uint64_t offset, std::uint64_t length,
            Done<std::string> done) override;
  void omap_get(const storage::ObjectId& object, std::vector<std::string> keys,
                Done<storage::OmapPage> done) override;
  void omap_list(const storage::ObjectId& object, const std::string& after,
                 const std::string& prefix, std::size_t most,
                 Done<storage::OmapPage> done) override;
  void stat(const storage::ObjectId& object, Done<storage::ObjectStat> done) override;
  base::Result<std::vector<std::string>> list(storage::Pool pool, const std::string& space,
                                              std::string& cursor, std::size_t most) override;
  base::Result<std::unique_ptr<storage::Watch>> watch(const storage::ObjectId& object,
                                                      std::function<void(std::string_view)> heard,
                                                      std::function<void()> lost) override;
  void notify(const storage::ObjectId& object, std::string bytes) override;

 private:
  using Answer = std::function<void(std::string_view)>;
  struct Watching;
  void ask(std::uint8_t what, const storage::ObjectId& object, std::string arguments,
           Answer answer);
  void listen();

  base::UniqueFd socket_;
  std::mutex mutex_;  // guards what follows
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, Answer> waiting_;
  std::map<std::uint64_t, std::function<void(std::string_view)>> watches_;
  std::thread listener_;
};

}  // namespace storage_ephemeral
