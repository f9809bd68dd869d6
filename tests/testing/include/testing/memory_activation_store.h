// An activation store without a disk. Records are stored at once, or when release() is called.
#pragma once

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "standalone/activation_store.h"

namespace testing_support {

class MemoryActivationStore final : public standalone::ActivationStore {
 public:
  // From now on records wait for release().
  void hold() {
    const std::lock_guard lock(mutex_);
    holding_ = true;
  }
  void release() {
    std::deque<Waiting> waiting;
    {
      const std::lock_guard lock(mutex_);
      holding_ = false;
      waiting.swap(waiting_);
    }
    for (Waiting& one : waiting) store(std::move(one.record), one.done);
  }
  // The next record is refused with this.
  void fail_next(base::Error error) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(error);
  }

  void put(standalone::ActivationRecord record, Done done) override {
    {
      const std::lock_guard lock(mutex_);
      if (holding_) {
        waiting_.push_back({std::move(record), std::move(done)});
        return;
      }
    }
    store(std::move(record), done);
  }

  // Nothing to be done: what is in memory ends with the process.
  void accept(standalone::ActivationRecord record, Done done) override {
    std::optional<base::Error> failure;
    {
      const std::lock_guard lock(mutex_);
      failure = std::exchange(failure_, std::nullopt);
      if (!failure.has_value()) accepted_.push_back(std::move(record));
    }
    if (done) done(failure.has_value() ? base::Status(*failure) : base::Status());
  }
  std::int64_t interrupted() const override { return 0; }
  std::vector<standalone::ActivationRecord> accepted() const {
    const std::lock_guard lock(mutex_);
    return accepted_;
  }

  base::Result<base::Json> get(std::string_view namespace_name, std::string_view id) override {
    const std::lock_guard lock(mutex_);
    for (const auto& record : records_) {
      if (record.activation_id == id && record.namespace_name == namespace_name) {
        return parse(record);
      }
    }
    return base::Error{base::ErrorCode::kNotFound, "no record of activation " + std::string(id)};
  }

  base::Result<std::vector<base::Json>> list(const standalone::ActivationQuery& query) override {
    const std::lock_guard lock(mutex_);
    auto found = matching(query);
    // Of the same start, the later record first: it stands before the other in `records_`.
    std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) {
      return std::pair(-a->start_ms, a) < std::pair(-b->start_ms, b);
    });
    std::vector<base::Json> documents;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto place = static_cast<std::int64_t>(i);
      if (place < query.skip || place >= query.skip + query.limit) continue;
      auto document = parse(*found[i]);
      if (!document.ok()) return std::move(document).error();
      documents.push_back(std::move(document).value());
    }
    return documents;
  }

  base::Result<std::int64_t> count(const standalone::ActivationQuery& query) override {
    const std::lock_guard lock(mutex_);
    return static_cast<std::int64_t>(matching(query).size());
  }

 private:
  struct Waiting {
    standalone::ActivationRecord record;
    Done done;
  };

  static base::Result<base::Json> parse(const standalone::ActivationRecord& record) {
    auto document = base::Json::parse(record.document);
    if (document.ok() && document->is_object()) return document;
    return base::Error{base::ErrorCode::kDataLoss, "the record of an activation is unreadable"};
  }

  void store(standalone::ActivationRecord record, const Done& done) {
    base::Status status;
    {
      const std::lock_guard lock(mutex_);
      const bool known = std::any_of(records_.begin(), records_.end(), [&](const auto& other) {
        return other.activation_id == record.activation_id &&
               other.namespace_name == record.namespace_name;
      });
      if (failure_.has_value()) {
        status = *std::exchange(failure_, std::nullopt);
      } else if (known) {
        status = base::Error{base::ErrorCode::kAlreadyExists,
                             "activation " + record.activation_id + " has a record already"};
      } else {
        records_.insert(records_.begin(), std::move(record));
      }
    }
    if (done) done(status);
  }

  std::vector<const standalone::ActivationRecord*> matching(
      const standalone::ActivationQuery& query) const {
    std::vector<const standalone::ActivationRecord*> found;
    for (const auto& record : records_) {
      if (record.namespace_name != query.namespace_name) continue;
      if (record.filter_name != query.filter_name.value_or(record.filter_name)) continue;
      if (record.start_ms < query.since_ms.value_or(INT64_MIN)) continue;
      if (record.start_ms > query.upto_ms.value_or(INT64_MAX)) continue;
      found.push_back(&record);
    }
    return found;
  }

  mutable std::mutex mutex_;                           // guards everything below
  std::vector<standalone::ActivationRecord> records_;  // newest first
  std::vector<standalone::ActivationRecord> accepted_;
  std::deque<Waiting> waiting_;
  bool holding_ = false;
  std::optional<base::Error> failure_;
};

}  // namespace testing_support
