// What an attempt that publishes on the way asks for, done by threads that may wait.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "attempt.h"
#include "fetch_pool.h"
#include "storage_attempts/publisher.h"

namespace storage_daemon {

class PublisherOf final : public storage_attempts::Publisher {
 public:
  using PublishNow = std::function<void(const std::shared_ptr<Attempt>&)>;

  // Both pools outlive the last call; `asking` is for short questions.
  PublisherOf(std::shared_ptr<Attempt> attempt, FetchPool& asking, FetchPool& publishing,
              PublishNow publish_now)
      : attempt_(std::move(attempt)),
        asking_(asking),
        publishing_(publishing),
        publish_now_(std::move(publish_now)) {}

  bool publish() override {
    return publishing_.post([attempt = attempt_, now = publish_now_] { now(attempt); });
  }

  void latest(std::function<void(base::Result<storage_attempts::Latest>)> done) override;

 private:
  const std::shared_ptr<Attempt> attempt_;
  FetchPool& asking_;
  FetchPool& publishing_;
  const PublishNow publish_now_;
};

// The attempt's to go on above.
storage_attempts::Latest latest_of(const std::shared_ptr<Attempt>& attempt,
                                   const storage_tree::Snapshot& snapshot);

}  // namespace storage_daemon
