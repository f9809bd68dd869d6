#include "hostile_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/check.h"
#include "base_net/identity.h"

namespace invoker_handoff {

HostilePeer::HostilePeer(const base_net::Address& to, int number, const std::string& key,
                         const std::string& calls_whom)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  CHECK(socket_.valid());
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(to.port);
  CHECK(::inet_pton(AF_INET, to.host.c_str(), &address.sin_addr) == 1);
  CHECK(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) ==
        0);
  const timeval wait{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));

  const auto identity = base_net::Identity::make(base_net::SharedKey{key});
  CHECK(identity.ok());
  base_net::Greeting greeting{.label = protocol().label,
                              .caller_nonce = base_net::random_nonce(),
                              .answerer_nonce = {},
                              .caller = "invoker" + std::to_string(number),
                              .answerer = calls_whom};
  base_net::ByteWriter hello;
  encode_into(hello.number(base_net::kHelloType),
              base_net::HelloFrame{1, greeting.caller_nonce, greeting.caller}, protocol().magic);
  send(base_net::framed(hello.take()));
  const std::string answer = receive_frame();
  base_net::ByteReader in(answer);
  in.number<std::uint8_t>();
  base_net::HelloFrame theirs;
  decode_from(in, theirs, protocol().magic);
  if (!in.ok()) return;
  greeting.answerer_nonce = theirs.nonce;
  base_net::ByteWriter proof;
  encode_into(proof.number(base_net::kProofType),
              base_net::ProofFrame{(*identity)->proof(greeting, base_net::Side::kCaller)});
  send(base_net::framed(proof.take()));
  in_ = !receive_frame().empty();
}

void HostilePeer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string HostilePeer::receive(std::size_t bytes) {
  std::string all(bytes, '\0');
  std::size_t have = 0;
  while (have < bytes) {
    const ssize_t got = ::recv(socket_.get(), all.data() + have, bytes - have, 0);
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  all.resize(have);
  return all;
}

std::string HostilePeer::receive_frame() {
  const std::string head = receive(base_net::kFrameHeaderBytes);
  if (head.size() < base_net::kFrameHeaderBytes) return {};
  return receive(base_net::ByteReader(head).number<std::uint32_t>());
}

std::optional<Message> HostilePeer::hear() {
  const std::string frame = receive_frame();
  if (frame.empty()) return std::nullopt;
  auto message = decode(frame);
  CHECK(message.ok());
  return std::move(*message);
}

}  // namespace invoker_handoff
