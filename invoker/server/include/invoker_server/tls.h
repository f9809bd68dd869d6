// How a server proves who it is, and whom it serves.
#pragma once

#include <string>

namespace invoker_server {

// A PKCS#12 keystore as OpenWhisk's Ansible roles make it: key, certificate, the authorities that
// it carries. As in OpenWhisk, clients are checked against the same keystore: a certificate is good
// when it is signed by one of these, or is one of these.
struct TlsOptions {
  std::string keystore_path;
  std::string password;
  bool client_certificate = false;  // who shows no good one is refused in the handshake
};

}  // namespace invoker_server
