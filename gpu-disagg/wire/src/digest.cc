// The functions of one algorithm rather than EVP: linked statically into a guest's library they
// bring nothing else with them.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "gpu_wire/digest.h"

#include <openssl/sha.h>

namespace gpu_wire {

Digest digest_of(std::span<const std::byte> bytes) {
  Digest digest{};
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

}  // namespace gpu_wire
