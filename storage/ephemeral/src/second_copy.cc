// A file of which a second copy was promised: finds a node that makes it.
#include <algorithm>
#include <utility>

#include "volume_impl.h"

namespace storage_ephemeral {
namespace {

class SecondCopy final : public ConnectionPool::Client,
                         public std::enable_shared_from_this<SecondCopy> {
 public:
  SecondCopy(Context& context, ConnectionPool& pool, std::weak_ptr<VolumeImpl> volume, FileId file)
      : context_(context), pool_(pool), volume_(std::move(volume)), file_(std::move(file)) {}

  void start() {
    // Whoever asks holds it: a timer, the pool or the connection.
    self_ = shared_from_this();
    plan_.emplace(std::chrono::steady_clock::now(), context_.settings.patience);
    step();
  }

  void connected(std::shared_ptr<Connection> connection) override {
    connection_ = std::move(connection);
  }
  void ready(const NodeName&) override {
    connection_->send(encode(Frame(KeepFrame{.file = file_})));
  }
  void drained() override {}
  void closed(const std::string&) override { again(); }

  void received(const Frame& frame) override {
    const auto keep = shared_from_this();
    plan_->progressed(peer_, std::chrono::steady_clock::now());
    if (std::holds_alternative<AliveFrame>(frame)) return;
    const auto* kept = std::get_if<KeptFrame>(&frame);
    if (kept == nullptr || !kept->kept) return again();
    pool_.give_back(peer_, std::exchange(connection_, nullptr), true);
    if (const auto volume = volume_.lock()) volume->copied(file_, peer_);
    self_ = nullptr;
  }

 private:
  void again() {
    if (connection_ != nullptr) {
      pool_.give_back(peer_, std::exchange(connection_, nullptr), false);
    }
    plan_->lost(peer_, std::chrono::steady_clock::now());
    step();
  }

  void step() {
    const auto keep = shared_from_this();
    const auto volume = volume_.lock();
    auto candidates = context_.settings.copy_candidates ? context_.settings.copy_candidates()
                                                        : std::vector<NodeName>();
    std::erase(candidates, context_.settings.name);
    const FetchStep step = plan_->next(std::chrono::steady_clock::now(), candidates);
    if (volume == nullptr || !volume->wants_copy(file_)) {
      self_ = nullptr;
    } else if (step.kind == FetchStep::Kind::kAsk) {
      peer_ = step.node;
      pool_.acquire(peer_, keep);
    } else if (step.kind == FetchStep::Kind::kWait) {
      context_.loop.at(step.when, [keep] { keep->step(); });
    } else {
      volume->copy_failed(file_);
      self_ = nullptr;
    }
  }

  Context& context_;
  ConnectionPool& pool_;
  std::weak_ptr<VolumeImpl> volume_;
  const FileId file_;
  std::optional<FetchPlan> plan_;
  NodeName peer_;
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<SecondCopy> self_;
};

}  // namespace

void make_second_copy(Context& context, ConnectionPool& pool, std::weak_ptr<VolumeImpl> volume,
                      const FileId& file) {
  const auto copy = std::make_shared<SecondCopy>(context, pool, std::move(volume), file);
  context.loop.post([copy] { copy->start(); });
}

}  // namespace storage_ephemeral
