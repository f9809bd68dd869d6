// Stores of certificates, of which librdkafka reads one form and Java another.
#pragma once

#include <string>

#include "base/result.h"

namespace invoker_kafka {

// The certificates in the file, as PEM: from PEM or PKCS#12, told apart by what is in it.
// Errors: kNotFound, kInvalidArgument (not readable, wrong password, nothing in it), kUnsupported
// (a store in Java's own older form).
base::Result<std::string> read_trust_store(const std::string& path, const std::string& password);

}  // namespace invoker_kafka
