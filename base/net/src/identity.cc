#include "base_net/identity.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>

#include <array>

#include "base/check.h"
#include "base_net/bytes.h"

namespace base_net {
namespace {

constexpr std::size_t kKeyBytesMin = 16;

base::Error tls_error(const std::string& what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return {base::ErrorCode::kInvalidArgument, what + ": " + text.data()};
}

}  // namespace

void Identity::Free::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

base::Result<std::shared_ptr<const Identity>> Identity::make(const Trust& trust) {
  auto identity = std::make_shared<Identity>();
  if (const auto* shared = std::get_if<SharedKey>(&trust)) {
    if (shared->key.size() < kKeyBytesMin) {
      return base::Error{base::ErrorCode::kInvalidArgument,
                         "the key that peers share is shorter than 16 bytes"};
    }
    identity->key_ = shared->key;
    return std::shared_ptr<const Identity>(std::move(identity));
  }
  const TlsFiles& files = std::get<TlsFiles>(trust);
  identity->tls_.reset(SSL_CTX_new(TLS_method()));
  SSL_CTX* tls = identity->tls_.get();
  CHECK(tls != nullptr);
  SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
  // Both sides show a certificate of the cluster's authority, and no other authority counts.
  SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(tls, 0);
  SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_load_verify_locations(tls, files.authority.c_str(), nullptr) != 1) {
    return tls_error("the authority " + files.authority);
  }
  if (SSL_CTX_use_certificate_chain_file(tls, files.certificate.c_str()) != 1) {
    return tls_error("the certificate " + files.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(tls, files.private_key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(tls) != 1) {
    return tls_error("the key " + files.private_key);
  }
  return std::shared_ptr<const Identity>(std::move(identity));
}

std::string Identity::proof(const Greeting& greeting, Side side) const {
  ByteWriter said;
  said.text(greeting.label + (side == Side::kCaller ? " caller" : " answerer"));
  said.text(greeting.caller_nonce).text(greeting.answerer_nonce);
  said.text(greeting.caller).text(greeting.answerer);
  const std::string bytes = said.take();
  std::string mac(kProofBytes, '\0');
  unsigned length = 0;
  CHECK(HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
             reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
             reinterpret_cast<unsigned char*>(mac.data()), &length) != nullptr);
  CHECK(length == kProofBytes);
  return mac;
}

bool Identity::proves(const Greeting& greeting, Side side, std::string_view shown) const {
  const std::string right = proof(greeting, side);
  return shown.size() == right.size() &&
         CRYPTO_memcmp(shown.data(), right.data(), right.size()) == 0;
}

}  // namespace base_net
