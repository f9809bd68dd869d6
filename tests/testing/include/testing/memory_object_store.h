// An object store without a disk, honest about every guard, order and error, for tests and for
// simulations: it fails, forgets to answer and waits as it is told.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "storage/object_store.h"

namespace testing_support {

// Threads: any method from any thread. The same calls in the same order give the same answers.
class MemoryObjectStore final : public storage::ObjectStore {
 public:
  enum class Answers {
    kAtOnce,      // on the caller's thread, before the call returns; inside an answer: after it
    kWhenPumped,  // by pump() and answer(); a waiting call then needs another thread that pumps
    kOnThread,    // by a thread of the store, as real ones do
  };
  enum class Kind { kWrite, kRead, kOmapGet, kOmapList, kStat, kList, kNotify };

  struct Request {
    Kind kind;
    storage::ObjectId object;
    const storage::ObjectWrite* change = nullptr;  // of kWrite
  };
  // What becomes of a request instead of its answer.
  struct Fault {
    base::Error error;
    bool done_though = false;  // it was done, and only the answer was lost
  };
  using FaultPlan = std::function<std::optional<Fault>(const Request&)>;

  explicit MemoryObjectStore(Answers answers = Answers::kAtOnce);
  // Requests that were not answered are dropped.
  ~MemoryObjectStore() override;

  // The next request that is carried out fails with this, and does nothing.
  void fail_next(base::Error error);
  // The next request is done, and answered with this.
  void lose_next_answer(base::Error error);
  // Asked for each request when it is carried out, after the two above. It must not call the store.
  void set_faults(FaultPlan plan);

  // kWhenPumped: a request is carried out when it is answered, not before.
  std::size_t waiting() const;
  std::vector<Request> waiting_requests() const;  // without `change`
  // Answers up to `most` requests in their order, those that answers make too; gives how many.
  std::size_t pump(std::size_t most = SIZE_MAX);
  // Answers one: the `index`th of those that wait. False: there are fewer.
  bool answer(std::size_t index);
  // Its caller dies and hears nothing; the request was done, or not.
  void abandon(std::size_t index, bool done);

  // How many requests were carried out, by kind.
  std::size_t count(Kind kind) const;

  // Every watch loses what comes until now, and is told.
  void lose_notifications();

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
  struct Object {
    std::string data;
    std::map<std::string, std::string> omap;
    storage::ObjectVersion version = 0;
  };
  // `run` carries it out under the lock and gives what tells the caller.
  struct Waiting {
    Request request;
    std::function<std::function<void()>(const std::optional<Fault>&)> run;
  };
  class MemoryWatch;
  struct Watcher;

  template <typename T>
  void ask(Request request, Done<T> done, std::function<base::Result<T>()> carry_out);
  void enqueue(Waiting waiting);
  std::function<void()> carry_out(const Waiting& waiting);
  std::optional<Fault> take_fault(const Request& request);
  void run_thread(const std::stop_token& stop);

  base::Result<storage::ObjectVersion> apply(const storage::ObjectId& object,
                                             storage::ObjectWrite& change);
  base::Result<const Object*> find(const storage::ObjectId& object) const;
  std::function<void()> tell(const storage::ObjectId& object, const std::string& bytes);

  const Answers answers_;
  mutable std::mutex mutex_;  // guards everything below
  std::map<storage::ObjectId, Object> objects_;
  storage::ObjectVersion last_version_ = 0;
  std::deque<Waiting> waiting_;
  std::condition_variable_any arrived_;
  std::optional<Fault> next_fault_;
  FaultPlan plan_;
  std::map<Kind, std::size_t> counts_;
  std::vector<std::weak_ptr<Watcher>> watchers_;
  std::jthread thread_;  // kOnThread; ends first
};

}  // namespace testing_support
