// How a program proves to its peers who it is, and believes them.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base_net/introduction.h"

namespace base_net {

// How peers know each other. Nothing is answered to anybody else.
struct SharedKey {
  std::string key;  // at least 16 bytes; proves who speaks, hides and protects nothing: for labs
};
struct TlsFiles {
  std::string certificate, private_key, authority;  // PEM; the certificate names the peer (CN)
};
using Trust = std::variant<SharedKey, TlsFiles>;

// Threads: any, once made.
class Identity {
 public:
  // Errors: kInvalidArgument, with what is wrong with the key or the files.
  static base::Result<std::shared_ptr<const Identity>> make(const Trust& trust);

  // Null where peers share a key.
  SSL_CTX* tls() const { return tls_.get(); }
  // What `side` says to prove that it has the shared key: worth something for this greeting only.
  std::string proof(const Greeting& greeting, Side side) const;
  bool proves(const Greeting& greeting, Side side, std::string_view shown) const;

 private:
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  std::string key_;
  std::unique_ptr<SSL_CTX, Free> tls_;
};

}  // namespace base_net
