#include "trust_store.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <fstream>
#include <iterator>
#include <memory>

namespace invoker_kafka {
namespace {

using base::Error;
using base::ErrorCode;

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Store = std::unique_ptr<PKCS12, Free<PKCS12_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;

void free_stack(STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); }
using Certificates = std::unique_ptr<STACK_OF(X509), Free<free_stack>>;

std::string last_reason() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? "no reason given" : reason;
}

std::string as_pem(const STACK_OF(X509) * certificates) {
  const Bio out(BIO_new(BIO_s_mem()));
  for (int i = 0; i < sk_X509_num(certificates); ++i)
    PEM_write_bio_X509(out.get(), sk_X509_value(certificates, i));
  const char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

base::Result<std::string> from_pkcs12(const std::string& bytes, const std::string& password,
                                      const std::string& path) {
  const Bio in(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  const Store store(d2i_PKCS12_bio(in.get(), nullptr));
  if (!store)
    return Error{ErrorCode::kInvalidArgument,
                 path + " is neither PEM nor PKCS#12: " + last_reason()};
  EVP_PKEY* key = nullptr;
  X509* own = nullptr;
  STACK_OF(X509)* others = nullptr;
  if (PKCS12_parse(store.get(), password.c_str(), &key, &own, &others) != 1)
    return Error{ErrorCode::kInvalidArgument, path + " cannot be opened: " + last_reason()};
  const Key key_owner(key);
  const Certificate own_owner(own);
  const Certificates certificates(others);
  if (!certificates || sk_X509_num(certificates.get()) == 0)
    return Error{ErrorCode::kInvalidArgument, path + " holds no certificates to trust"};
  return as_pem(certificates.get());
}

}  // namespace

base::Result<std::string> read_trust_store(const std::string& path, const std::string& password) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::kNotFound, "the trust store " + path + " cannot be read"};
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.find("-----BEGIN CERTIFICATE-----") != std::string::npos) return bytes;
  if (bytes.starts_with("\xfe\xed\xfe\xed"))
    return Error{ErrorCode::kUnsupported,
                 path +
                     " is a store in Java's own form (JKS); make a PKCS#12 store of it with "
                     "keytool -importkeystore -deststoretype pkcs12"};
  return from_pkcs12(bytes, password, path);
}

}  // namespace invoker_kafka
