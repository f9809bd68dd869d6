// The daemon: carries out what the lease book decides. Everything here is done on the loop's
// thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "client.h"
#include "gpu_pool/daemon.h"

namespace gpu_pool {

// What the daemon remembers of a lease, from its asking until its session is gone.
struct Record {
  Client* client = nullptr;  // null once it has left
  Ticket ticket = 0;
  Wish wish;
  std::optional<gpu_leases::SessionId> session{};  // granted
  EndReason reason = EndReason::kReleased;
  base::Instant since;  // of asking, then of the grant
};

class DaemonOfNode final : public Daemon, public ClientService, public SessionObserver {
 public:
  DaemonOfNode(DaemonOptions options, std::shared_ptr<const base_net::Identity> identity,
               base::UniqueFd listener, std::uint16_t port, const base::Clock& clock,
               const base::Logger& log);
  ~DaemonOfNode() override;

  std::uint16_t port() const override { return port_; }

 private:
  // ClientService
  void hear(Client& client, const Message& message) override;
  void left(Client& client) override;
  // SessionObserver
  void session_ready(gpu_leases::SessionId session, const SessionPlace& place) override;
  void session_gone(gpu_leases::SessionId session, const Usage& usage) override;

  void accept_all();
  void on(Client& client, const Enquire& message);
  void on(Client& client, const Ask& message);
  void on(Client& client, const Release& message);
  void on(Client& client, const Describe& message);
  template <typename Other>
  void on(Client&, const Other&) {}  // what only a daemon says

  void carry_out(const gpu_leases::Commands& commands);
  void on(const gpu_leases::to_do::StartSession& command);
  void on(const gpu_leases::to_do::EndSession& command);
  void on(const gpu_leases::to_do::Grant& command);
  void on(const gpu_leases::to_do::Refuse& command);
  void on(const gpu_leases::to_do::Lost& command);

  void give_back(gpu_leases::LeaseId lease);
  void end_record(gpu_leases::LeaseId lease, const Usage& usage);
  void tell(const Record& record, const Message& message);
  gpu_leases::Request request_of(gpu_leases::LeaseId id, const Wish& wish) const;
  std::string describe() const;
  void set_timer();
  void prune_images();

  const DaemonOptions options_;
  const std::shared_ptr<const base_net::Identity> identity_;
  const base::Clock& clock_;
  const base::Logger& log_;
  base::UniqueFd listener_;
  const std::uint16_t port_;
  base_net::EventLoop loop_;
  gpu_leases::LeaseBook book_;
  std::optional<SessionProcesses> sessions_;
  std::map<Client*, std::unique_ptr<Client>> clients_;
  std::map<gpu_leases::LeaseId, Record> records_;
  std::map<std::pair<Client*, Ticket>, gpu_leases::LeaseId> tickets_;
  std::map<gpu_leases::SessionId, SessionPlace> places_;          // of those that are ready
  std::map<gpu_leases::SessionId, gpu_leases::LeaseId> holders_;  // of those with a lease
  std::optional<base_net::EventLoop::Timer> timer_;
  std::uint64_t last_lease_ = 0;
};

}  // namespace gpu_pool
