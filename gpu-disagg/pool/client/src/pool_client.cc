#include "gpu_pool_client/pool_client.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "link.h"

namespace gpu_pool_client {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using gpu_leases::Quote;
using gpu_leases::Refusal;
using gpu_pool::Ticket;
using std::chrono::milliseconds;

constexpr milliseconds kQuoteTime{100};     // then one that has not answered is left out
constexpr milliseconds kAnswerTime{1'000};  // beyond what the daemon itself may wait

Error error_of(Refusal refusal, const std::string& node) {
  switch (refusal) {
    case Refusal::kNeverFits:
      return {ErrorCode::kUnsupported,
              "the GPU node " + node + " has not so many GPUs, or not so much memory on one"};
    case Refusal::kFull:
      return {ErrorCode::kNoSpace, "too many activations wait for a GPU of node " + node};
    case Refusal::kTooLate:
      return {ErrorCode::kDeadlineExceeded, "no GPU of node " + node + " became free in time"};
    case Refusal::kNoSession:
      return {ErrorCode::kUnavailable, "the GPU node " + node + " cannot start a session"};
    case Refusal::kStopping:
      break;
  }
  return {ErrorCode::kUnavailable, "the GPU node " + node + " is stopping"};
}

template <typename Expected>
Result<Expected> expect(std::future<Reply>& future, milliseconds time, const std::string& node) {
  if (future.wait_for(time) != std::future_status::ready) {
    return Error{ErrorCode::kUnavailable, "the GPU node " + node + " does not answer"};
  }
  Reply reply = future.get();
  if (!reply.ok()) return std::move(reply).error();
  if (auto* expected = std::get_if<Expected>(&*reply)) return std::move(*expected);
  if (const auto* refused = std::get_if<gpu_pool::Refused>(&*reply))
    return error_of(refused->reason, node);
  return Error{ErrorCode::kUnavailable, "the GPU node " + node + " answers another question"};
}

class Client final : public PoolClient {
 public:
  Client(Options options, const std::shared_ptr<const base_net::Identity>& identity,
         const base::Logger& log)
      : options_(std::move(options)) {
    for (const auto& daemon : options_.daemons) {
      links_.push_back(std::make_unique<Link>(loop_, options_.self, daemon, identity, log));
    }
    loop_.post([this] {
      for (const auto& link : links_) link->connect();
    });
    loop_.run();
  }
  ~Client() override {
    loop_.stop([this] {
      for (const auto& link : links_) link->stop();
    });
  }

  // The best first; one that says no leaves the choice to the others.
  Result<Lease> acquire(const gpu_pool::Wish& wish) override {
    std::optional<Error> last;
    auto quotes = ask_all(wish, last);
    for (auto chosen = gpu_leases::best(quotes); chosen; chosen = gpu_leases::best(quotes)) {
      auto lease = ask_one(*chosen, wish);
      if (lease.ok() || lease.error().code == ErrorCode::kDeadlineExceeded) return lease;
      last = lease.error();
      quotes[*chosen].ever = false;
    }
    if (last) return *last;
    return Error{ErrorCode::kUnsupported,
                 options_.daemons.empty()
                     ? "this node knows no GPU node"
                     : "no GPU node has so many GPUs, or so much memory on one, of this kind"};
  }

  Result<gpu_pool::Ended> release(const Lease& lease) override {
    auto future = links_[lease.daemon]->say(lease.ticket, gpu_pool::Release{lease.ticket});
    return expect<gpu_pool::Ended>(future, kAnswerTime, lease.node);
  }

  std::vector<DaemonState> describe() override {
    std::vector<std::future<Reply>> futures;
    for (const auto& link : links_) {
      const Ticket ticket = ++last_ticket_;
      futures.push_back(link->say(ticket, gpu_pool::Describe{ticket}));
    }
    std::vector<DaemonState> states;
    for (std::size_t i = 0; i < futures.size(); ++i) {
      const std::string& node = options_.daemons[i].node;
      auto described = expect<gpu_pool::Description>(futures[i], kAnswerTime, node);
      if (described.ok()) {
        states.push_back({node, std::move(described->json)});
      } else {
        states.push_back({node, described.error()});
      }
    }
    return states;
  }

 private:
  std::vector<Quote> ask_all(const gpu_pool::Wish& wish, std::optional<Error>& last) {
    std::vector<std::future<Reply>> futures;
    for (const auto& link : links_) {
      const Ticket ticket = ++last_ticket_;
      futures.push_back(link->say(ticket, gpu_pool::Enquire{ticket, wish}));
    }
    std::vector<Quote> quotes(futures.size());
    for (std::size_t i = 0; i < futures.size(); ++i) {
      auto quoted = expect<gpu_pool::Quoted>(futures[i], kQuoteTime, options_.daemons[i].node);
      if (quoted.ok()) {
        quotes[i] = quoted->quote;
      } else {
        last = quoted.error();
      }
    }
    return quotes;
  }

  Result<Lease> ask_one(std::size_t daemon, const gpu_pool::Wish& wish) {
    const Ticket ticket = ++last_ticket_;
    const std::string& node = options_.daemons[daemon].node;
    auto future = links_[daemon]->say(ticket, gpu_pool::Ask{ticket, wish});
    auto granted = expect<gpu_pool::Granted>(future, wish.wait + kAnswerTime, node);
    if (granted.ok()) return Lease{daemon, ticket, node, std::move(*granted)};
    // It may be granted yet: nobody would give it back.
    links_[daemon]->say(ticket, gpu_pool::Release{ticket});
    return granted.error();
  }

  const Options options_;
  base_net::EventLoop loop_;
  std::vector<std::unique_ptr<Link>> links_;
  std::atomic<Ticket> last_ticket_ = 0;
};

}  // namespace

Result<std::unique_ptr<PoolClient>> PoolClient::start(Options options, const base::Logger& log) {
  TRY(const auto identity, base_net::Identity::make(options.trust));
  return std::unique_ptr<PoolClient>(std::make_unique<Client>(std::move(options), identity, log));
}

}  // namespace gpu_pool_client
