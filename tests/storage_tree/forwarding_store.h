// A store in front of another: every request passes by one place, which may hold it up or answer
// it itself.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/object_store.h"

namespace storage_tree {

class ForwardingStore : public storage::ObjectStore {
 public:
  explicit ForwardingStore(storage::ObjectStore& store) : store_(store) {}

  using ObjectStore::omap_get;
  using ObjectStore::omap_list;
  using ObjectStore::read;
  using ObjectStore::stat;
  using ObjectStore::write;
  void write(const storage::ObjectId& object, storage::ObjectWrite change,
             Done<storage::ObjectVersion> done) override {
    ask<storage::ObjectVersion>(&change, [&] { return store_.write(object, change); }, done);
  }
  void read(const storage::ObjectId& object, std::uint64_t offset, std::uint64_t length,
            Done<std::string> done) override {
    ask<std::string>(nullptr, [&] { return store_.read(object, offset, length); }, done);
  }
  void omap_get(const storage::ObjectId& object, std::vector<std::string> keys,
                Done<storage::OmapPage> done) override {
    ask<storage::OmapPage>(nullptr, [&] { return store_.omap_get(object, keys); }, done);
  }
  void omap_list(const storage::ObjectId& object, const std::string& after,
                 const std::string& prefix, std::size_t most,
                 Done<storage::OmapPage> done) override {
    ask<storage::OmapPage>(
        nullptr, [&] { return store_.omap_list(object, after, prefix, most); }, done);
  }
  void stat(const storage::ObjectId& object, Done<storage::ObjectStat> done) override {
    ask<storage::ObjectStat>(nullptr, [&] { return store_.stat(object); }, done);
  }
  base::Result<std::vector<std::string>> list(storage::Pool pool, const std::string& space,
                                              std::string& cursor, std::size_t most) override {
    return store_.list(pool, space, cursor, most);
  }
  base::Result<std::unique_ptr<storage::Watch>> watch(const storage::ObjectId& object,
                                                      std::function<void(std::string_view)> heard,
                                                      std::function<void()> lost) override {
    return store_.watch(object, std::move(heard), std::move(lost));
  }
  void notify(const storage::ObjectId& object, std::string bytes) override {
    store_.notify(object, std::move(bytes));
  }

 protected:
  enum class Fate { kGoesOn, kLost, kLostAfterwards };  // the last: it is done, nobody hears of it
  // `change`: of a write.
  virtual Fate before(const storage::ObjectWrite* change) = 0;
  virtual void after() {}

 private:
  template <typename T>
  void ask(const storage::ObjectWrite* change, const std::function<base::Result<T>()>& carry_out,
           const Done<T>& done) {
    const Fate fate = before(change);
    base::Result<T> answer = base::Error{base::ErrorCode::kDeadlineExceeded, "no answer"};
    if (fate == Fate::kGoesOn) answer = carry_out();
    if (fate == Fate::kLostAfterwards) {
      // What came of it is not for us to know.
      if (const auto unheard = carry_out(); !unheard.ok()) static_cast<void>(unheard.error());
    }
    after();
    done(std::move(answer));
  }

  storage::ObjectStore& store_;
};

// Calls a function once, before the next write.
class HookedStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  std::function<void()> before_write;

 private:
  Fate before(const storage::ObjectWrite* change) override {
    if (change != nullptr && before_write) std::exchange(before_write, nullptr)();
    return Fate::kGoesOn;
  }
};

class CountingStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  int reads = 0, writes = 0;

 private:
  Fate before(const storage::ObjectWrite* change) override {
    ++(change != nullptr ? writes : reads);
    return Fate::kGoesOn;
  }
};

}  // namespace storage_tree
