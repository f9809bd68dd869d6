#include "gpu_pool/daemon.h"

#include <openssl/rand.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "daemon_of_node.h"
#include "gpu_pool/folder_images.h"

namespace gpu_pool {

using gpu_leases::LeaseId;
using gpu_leases::SessionId;

namespace {

constexpr std::uint64_t kImageBytesMax = 4ULL << 30;  // of a node's folder
constexpr std::chrono::minutes kPruneEvery{1};

// 256 bits that nobody can guess, in hexadecimal.
std::string new_token() {
  std::array<unsigned char, 32> bytes{};
  CHECK(::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  std::string token;
  for (const unsigned char byte : bytes) {
    for (const int digit : {byte >> 4, byte & 15}) token += "0123456789abcdef"[digit];
  }
  return token;
}

}  // namespace

DaemonOfNode::DaemonOfNode(DaemonOptions options,
                           std::shared_ptr<const base_net::Identity> identity,
                           base::UniqueFd listener, std::uint16_t port, const base::Clock& clock,
                           const base::Logger& log)
    : options_(std::move(options)),
      identity_(std::move(identity)),
      clock_(clock),
      log_(log),
      listener_(std::move(listener)),
      port_(port),
      book_(options_.leases) {
  sessions_.emplace(loop_, options_.sessions, *this, log_);
  loop_.watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept_all(); });
  loop_.post([this] {
    carry_out(book_.start(clock_.now()));
    if (!options_.images.empty()) prune_images();
  });
  loop_.run();
}

DaemonOfNode::~DaemonOfNode() {
  loop_.stop([this] {
    loop_.forget(listener_.get());
    clients_.clear();
    sessions_.reset();
  });
}

void DaemonOfNode::accept_all() {
  while (true) {
    base::UniqueFd socket(
        ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.valid()) break;
    if (clients_.size() >= options_.clients_max) continue;  // it is hung up on
    base_net::use_without_delay(socket);
    auto client =
        std::make_unique<Client>(*this, loop_, std::move(socket), identity_, options_.node);
    Client& started = *client;
    clients_.emplace(&started, std::move(client));
    started.start();
  }
}

void DaemonOfNode::hear(Client& client, const Message& message) {
  std::visit([&](const auto& one) { on(client, one); }, message);
}

// It may be on the stack: what it said made it fail.
void DaemonOfNode::left(Client& client) {
  std::vector<LeaseId> leases;
  for (auto& [id, record] : records_) {
    if (record.client == &client) leases.push_back(id);
  }
  for (const LeaseId id : leases) {
    records_.at(id).client = nullptr;
    give_back(id);
  }
  std::erase_if(tickets_, [&](const auto& entry) { return entry.first.first == &client; });
  loop_.post([this, gone = &client] { clients_.erase(gone); });
}

gpu_leases::Request DaemonOfNode::request_of(LeaseId id, const Wish& wish) const {
  return {.id = id,
          .activation_id = wish.activation_id,
          .namespace_name = wish.namespace_name,
          .memory_bytes = wish.memory_bytes,
          .count = wish.count,
          .device = wish.device,
          .wait_until = clock_.now() + wish.wait,
          .lease_for = wish.lease_for};
}

void DaemonOfNode::on(Client& client, const Enquire& message) {
  gpu_leases::Quote quote = book_.quote(request_of({}, message.wish));
  if (!options_.images.empty()) {
    quote.known_bytes = known_bytes(options_.images, message.wish.images);
  }
  client.send(Quoted{message.ticket, quote});
}

void DaemonOfNode::on(Client& client, const Ask& message) {
  const LeaseId id{++last_lease_};
  if (!tickets_.emplace(std::pair(&client, message.ticket), id).second) return;  // said twice
  records_[id] = {
      .client = &client, .ticket = message.ticket, .wish = message.wish, .since = clock_.now()};
  carry_out(book_.request(request_of(id, message.wish), clock_.now()));
}

void DaemonOfNode::on(Client& client, const Release& message) {
  const auto ticket = tickets_.find({&client, message.ticket});
  if (ticket != tickets_.end()) give_back(ticket->second);
}

void DaemonOfNode::on(Client& client, const Describe& message) {
  client.send(Description{message.ticket, describe()});
}

// Whoever has a session hears of the end when that is gone; whoever waited, at once.
void DaemonOfNode::give_back(LeaseId lease) {
  const bool granted = records_.at(lease).session.has_value();
  const auto commands = book_.release(lease, clock_.now());
  if (!granted) end_record(lease, {});
  carry_out(commands);
}

void DaemonOfNode::end_record(LeaseId lease, const Usage& usage) {
  const auto record = records_.extract(lease);
  if (record.empty()) return;
  tickets_.erase({record.mapped().client, record.mapped().ticket});
  tell(record.mapped(), Ended{record.mapped().ticket, record.mapped().reason, usage});
}

void DaemonOfNode::tell(const Record& record, const Message& message) {
  if (record.client != nullptr) record.client->send(message);
}

void DaemonOfNode::session_ready(SessionId session, const SessionPlace& place) {
  places_[session] = place;
  carry_out(book_.session_ready(session, clock_.now()));
}

void DaemonOfNode::session_gone(SessionId session, const Usage& usage) {
  carry_out(book_.session_gone(session, clock_.now()));
  places_.erase(session);
  const auto holder = holders_.extract(session);
  if (!holder.empty()) end_record(holder.mapped(), usage);
}

void DaemonOfNode::carry_out(const gpu_leases::Commands& commands) {
  for (const auto& command : commands) {
    std::visit([this](const auto& one) { on(one); }, command);
  }
  set_timer();
}

void DaemonOfNode::on(const gpu_leases::to_do::StartSession& command) {
  sessions_->start(command.session, command.gpus);
}

void DaemonOfNode::on(const gpu_leases::to_do::EndSession& command) {
  sessions_->end(command.session);
}

void DaemonOfNode::on(const gpu_leases::to_do::Grant& command) {
  Record& record = records_.at(command.lease);
  record.session = command.session;
  holders_[command.session] = command.lease;
  const auto waited = clock_.now() - record.since;
  record.since = clock_.now();
  const std::string token = new_token();
  const SessionPlace& place = places_.at(command.session);
  sessions_->lease(command.session, {.token = token, .memory_bytes = command.memory_bytes});
  log_.info("Leases", "granted",
            {{"activation", record.wish.activation_id},
             {"namespace", record.wish.namespace_name},
             {"bytes", command.memory_bytes},
             {"waitedMs", std::chrono::duration_cast<milliseconds>(waited).count()}});
  tell(record, Granted{.ticket = record.ticket,
                       .local = place.local,
                       .remote = place.remote,
                       .token = token,
                       .device = place.device,
                       .memory_bytes = command.memory_bytes});
}

void DaemonOfNode::on(const gpu_leases::to_do::Refuse& command) {
  const auto record = records_.extract(command.lease);
  if (record.empty()) return;
  tickets_.erase({record.mapped().client, record.mapped().ticket});
  tell(record.mapped(), Refused{record.mapped().ticket, command.reason});
}

void DaemonOfNode::on(const gpu_leases::to_do::Lost& command) {
  const auto record = records_.find(command.lease);
  if (record == records_.end()) return;
  record->second.reason = command.expired ? EndReason::kExpired : EndReason::kLost;
  log_.warn("Leases", command.expired ? "a lease has expired" : "a session has died",
            {{"activation", record->second.wish.activation_id}});
}

void DaemonOfNode::set_timer() {
  if (timer_) loop_.cancel(*timer_);
  timer_.reset();
  const auto next = book_.next_deadline();
  if (!next) return;
  timer_ = loop_.at(*next, [this] {
    timer_.reset();
    carry_out(book_.tick(clock_.now()));
  });
}

void DaemonOfNode::prune_images() {
  prune(options_.images, kImageBytesMax);
  loop_.after(kPruneEvery, [this] { prune_images(); });
}

base::Result<std::unique_ptr<Daemon>> Daemon::start(DaemonOptions options, const base::Clock& clock,
                                                    const base::Logger& log) {
  if (options.leases.gpus.empty()) {
    return base::Error{base::ErrorCode::kInvalidArgument, "a GPU node has at least one GPU"};
  }
  TRY(auto identity, base_net::Identity::make(options.trust));
  TRY(auto listener, base_net::listen_at(options.listen));
  TRY(const auto port, base_net::port_of(listener));
  return std::unique_ptr<Daemon>(std::make_unique<DaemonOfNode>(
      std::move(options), std::move(identity), std::move(listener), port, clock, log));
}

}  // namespace gpu_pool
