// Somebody who has the key, speaks the protocol, and means no good. Blocking, with a time-out.
#pragma once

#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "base_net/sockets.h"
#include "invoker_handoff/message.h"

namespace invoker_handoff {

class HostilePeer {
 public:
  // Calls as invoker `number` and is let in, or is not.
  HostilePeer(const base_net::Address& to, int number, const std::string& key,
              const std::string& calls_whom);

  bool is_in() const { return in_; }
  void say(const Message& message) { send(encode(message)); }
  void send(std::string_view bytes);
  // The next that comes; nothing when it was hung up on.
  std::optional<Message> hear();
  // The next of that kind; others are passed over.
  template <typename Wanted>
  std::optional<Wanted> hear_a() {
    while (auto message = hear()) {
      if (auto* wanted = std::get_if<Wanted>(&*message)) return std::move(*wanted);
    }
    return std::nullopt;
  }
  void hang_up() { socket_.reset(); }

 private:
  std::string receive(std::size_t bytes);
  std::string receive_frame();

  base::UniqueFd socket_;
  bool in_ = false;
};

}  // namespace invoker_handoff
