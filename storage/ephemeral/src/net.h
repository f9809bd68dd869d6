// What nodes speak by: base_net's connections, and the frames of this protocol.
#pragma once

#include "base_net/connection.h"
#include "base_net/event_loop.h"
#include "base_net/identity.h"
#include "base_net/sockets.h"
#include "frame.h"

namespace storage_ephemeral {

using base_net::Connection;
using base_net::ConnectionSettings;
using base_net::EventLoop;
using base_net::Greeting;
using base_net::Identity;
using base_net::listen_at;
using base_net::port_of;
using base_net::Side;
using base_net::use_without_delay;

// What is done with a connection. Called on the loop's thread.
class ConnectionUser : public base_net::ConnectionUser {
 public:
  // `frame` points into a buffer that is gone afterwards.
  virtual void received(const Frame& frame) = 0;

 private:
  base::Status take_frame(std::string_view bytes) final {
    TRY(const Frame frame, decode_frame(bytes));
    received(frame);
    return {};
  }
};

}  // namespace storage_ephemeral
