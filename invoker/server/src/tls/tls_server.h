// TLS for libmicrohttpd's daemons.
#pragma once

#include <microhttpd.h>

#include <vector>

#include "keystore.h"

namespace invoker_server {

// Outlives the daemon.
class TlsServer {
 public:
  TlsServer(Keystore keystore, bool client_certificate)
      : keystore_(std::move(keystore)), client_certificate_(client_certificate) {}

  // For MHD_OPTION_ARRAY.
  std::vector<MHD_OptionItem> options();

  // Before the handshake: a client without a good certificate is to be refused in it.
  void prepare(MHD_Connection* connection) const;

 private:
  Keystore keystore_;
  const bool client_certificate_;
};

}  // namespace invoker_server
