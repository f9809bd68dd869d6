// The contents of a PKCS#12 file.
#pragma once

#include <string>

#include "base/result.h"
#include "invoker_server/tls.h"

namespace invoker_server {

// Texts in PEM.
struct Keystore {
  std::string key;
  std::string chain;    // our certificate, then those of its authorities
  std::string trusted;  // all certificates in the store
};

// Errors: kNotFound or kPermissionDenied for the file, kInvalidArgument for what is in it, with the
// file's name; never the password.
base::Result<Keystore> read_keystore(const TlsOptions& options);

}  // namespace invoker_server
