// Brings one file from other nodes to this one.
#pragma once

#include <memory>
#include <optional>

#include "checksum.h"
#include "connection_pool.h"
#include "fetch_plan.h"
#include "transfer.h"

namespace storage_ephemeral {

// By the loop's thread alone, but for its construction. Ends with finished(), poisoned(), lost() or
// failed() of the sink, or with cancel().
class FetchTask final : public ConnectionPool::Client,
                        public std::enable_shared_from_this<FetchTask> {
 public:
  FetchTask(Context& context, ConnectionPool& pool, std::weak_ptr<FetchSink> sink, FetchId fetch,
            FetchFor purpose, SharedFd to);

  void start();
  void cancel();

  void connected(std::shared_ptr<Connection> connection) override;
  void ready(const NodeName& peer) override;
  void received(const Frame& frame) override;
  void drained() override {}
  void closed(const std::string& why) override;

 private:
  void step();
  void ask();
  void watch_silence();
  void leave(bool usable);
  void broken();
  template <typename Tell>
  void end(bool usable, Tell tell);

  void take(const DataFrame& data);
  void take(const HoleFrame& hole);
  void take(const EndFrame& told);
  void take(const FinalFrame& final);
  void restart();
  bool wrong_place(std::uint64_t offset);
  void advance();

  Context& context_;
  ConnectionPool& pool_;
  std::weak_ptr<FetchSink> sink_;
  const FetchId fetch_;
  const FetchFor purpose_;
  SharedFd to_;
  std::optional<FetchPlan> plan_;
  NodeName peer_;
  std::shared_ptr<Connection> connection_;
  std::unique_ptr<ContentChecksum> sum_ = std::make_unique<ContentChecksum>();
  std::optional<std::uint64_t> told_end_;
  std::uint32_t restarts_ = 0;
  bool waiting_ = false;  // for the pool
  bool over_ = false;
  bool asked_ = false;
  base::Instant wanted_{}, heard_{};
  EventLoop::Timer timer_;
};

}  // namespace storage_ephemeral
