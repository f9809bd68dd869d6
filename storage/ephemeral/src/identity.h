// How this node proves who it is, and believes others.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage_ephemeral/node.h"

namespace storage_ephemeral {

enum class Side : std::uint8_t { kCaller, kAnswerer };

// What both sides of one conversation have said.
struct Greeting {
  std::string caller_nonce, answerer_nonce;
  NodeName caller, answerer;
};

// Threads: any, once made.
class Identity {
 public:
  // Errors: kInvalidArgument, with what is wrong with the key or the files.
  static base::Result<std::shared_ptr<const Identity>> make(const Trust& trust);

  // Null where nodes share a key.
  SSL_CTX* tls() const { return tls_.get(); }
  // What `side` says to prove that it has the shared key: worth something for this greeting only.
  std::string proof(const Greeting& greeting, Side side) const;
  bool proves(const Greeting& greeting, Side side, std::string_view proof) const;

 private:
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  std::string key_;
  std::unique_ptr<SSL_CTX, Free> tls_;
};

std::string random_nonce();

}  // namespace storage_ephemeral
