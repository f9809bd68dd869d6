#include "client.h"

#include <utility>

namespace gpu_pool {

Client::Client(ClientService& service, base_net::EventLoop& loop, base::UniqueFd socket,
               std::shared_ptr<const base_net::Identity> identity, const std::string& node)
    : service_(service),
      connection_(std::make_shared<base_net::Connection>(
          loop, std::move(socket), std::move(identity),
          base_net::ConnectionSettings{
              .protocol = protocol(), .side = base_net::Side::kAnswerer, .self = node, .peer = {}},
          *this)) {}

base::Status Client::take_frame(std::string_view frame) {
  TRY(const Message message, decode(frame));
  service_.hear(*this, message);
  return {};
}

void Client::closed(const std::string&) { service_.left(*this); }

}  // namespace gpu_pool
