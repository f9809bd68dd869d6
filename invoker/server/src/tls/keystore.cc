#include "keystore.h"

#include <gnutls/gnutls.h>
#include <gnutls/pkcs12.h>

#include <cerrno>
#include <fstream>
#include <memory>
#include <span>

namespace invoker_server {
namespace {

constexpr std::size_t kBytesMax = 1 << 20;
constexpr std::string_view kJavaKeystore = "\xfe\xed\xfe\xed";

base::Error bad(const TlsOptions& options, const std::string& what) {
  return {base::ErrorCode::kInvalidArgument, "keystore " + options.keystore_path + ": " + what};
}

base::Error from_library(const TlsOptions& options, int code) {
  return bad(options, gnutls_strerror(code));
}

base::Result<std::string> read_file(const TlsOptions& options) {
  errno = 0;
  std::ifstream file(options.keystore_path, std::ios::binary);
  if (!file) return base::error_from_errno(errno, "keystore " + options.keystore_path);
  std::string bytes(kBytesMax + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (bytes.size() > kBytesMax) return bad(options, "it is larger than 1 MB");
  return bytes;
}

gnutls_datum_t datum(std::string& bytes) {
  return {reinterpret_cast<unsigned char*>(bytes.data()), static_cast<unsigned>(bytes.size())};
}

// Takes the library's text over.
std::string taken(gnutls_datum_t& text) {
  std::string result(reinterpret_cast<const char*>(text.data), text.size);
  gnutls_free(text.data);
  return result;
}

// What simple_parse() gives.
struct Contents {
  gnutls_x509_privkey_t key = nullptr;
  gnutls_x509_crt_t* chain = nullptr;
  unsigned chain_size = 0;
  gnutls_x509_crt_t* others = nullptr;
  unsigned others_size = 0;

  Contents() = default;
  Contents(const Contents&) = delete;
  Contents& operator=(const Contents&) = delete;
  ~Contents() {
    if (key != nullptr) gnutls_x509_privkey_deinit(key);
    free_list(chain, chain_size);
    free_list(others, others_size);
  }

  static void free_list(gnutls_x509_crt_t* list, unsigned size) {
    for (gnutls_x509_crt_t one : std::span(list, size)) gnutls_x509_crt_deinit(one);
    gnutls_free(static_cast<void*>(list));
  }
};

using Store = std::unique_ptr<gnutls_pkcs12_int, decltype(&gnutls_pkcs12_deinit)>;

base::Result<Store> import(const TlsOptions& options, std::string& bytes) {
  gnutls_pkcs12_t raw = nullptr;
  if (const int code = gnutls_pkcs12_init(&raw); code < 0) return from_library(options, code);
  Store store(raw, &gnutls_pkcs12_deinit);
  const gnutls_datum_t data = datum(bytes);
  if (gnutls_pkcs12_import(raw, &data, GNUTLS_X509_FMT_DER, 0) < 0) {
    return bad(options, bytes.starts_with(kJavaKeystore)
                            ? "it is a Java keystore (JKS); PKCS#12 is needed: keytool "
                              "-importkeystore -deststoretype PKCS12"
                            : "it is no PKCS#12 file");
  }
  const int code = gnutls_pkcs12_verify_mac(raw, options.password.c_str());
  if (code == GNUTLS_E_MAC_VERIFY_FAILED) {
    return bad(options, "the password (whisk.invoker.https.keystore-password) is wrong");
  }
  if (code < 0) return from_library(options, code);
  return store;
}

base::Status append_all(const TlsOptions& options, std::span<const gnutls_x509_crt_t> list,
                        std::string& out) {
  for (gnutls_x509_crt_t certificate : list) {
    gnutls_datum_t text{};
    const int code = gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &text);
    if (code < 0) return from_library(options, code);
    out += taken(text);
  }
  return {};
}

base::Result<Keystore> in_text(const TlsOptions& options, const Contents& contents) {
  Keystore keystore;
  gnutls_datum_t text{};
  const int code = gnutls_x509_privkey_export2(contents.key, GNUTLS_X509_FMT_PEM, &text);
  if (code < 0) return from_library(options, code);
  keystore.key = taken(text);
  TRY_STATUS(append_all(options, {contents.chain, contents.chain_size}, keystore.chain));
  keystore.trusted = keystore.chain;
  TRY_STATUS(append_all(options, {contents.others, contents.others_size}, keystore.trusted));
  return keystore;
}

}  // namespace

base::Result<Keystore> read_keystore(const TlsOptions& options) {
  TRY(std::string bytes, read_file(options));
  TRY(const Store store, import(options, bytes));
  Contents contents;
  const int code = gnutls_pkcs12_simple_parse(
      store.get(), options.password.c_str(), &contents.key, &contents.chain, &contents.chain_size,
      &contents.others, &contents.others_size, nullptr, GNUTLS_PKCS12_SP_INCLUDE_SELF_SIGNED);
  if (code < 0 && code != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) return from_library(options, code);
  if (contents.key == nullptr || contents.chain_size == 0) {
    return bad(options, "it needs a private key with its certificate");
  }
  return in_text(options, contents);
}

}  // namespace invoker_server
