#include "invoker/locked_parameters.h"

#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "base/text.h"

namespace invoker {
namespace {

using base::ErrorCode;

constexpr std::size_t kTagBytes = 16;
// OpenWhisk's own choice for each name; a text with another length was not made by it.
constexpr std::size_t kIvBytes128 = 12;
constexpr std::size_t kIvBytes256 = 128;

struct Lock {
  const std::string& key;
  std::size_t iv_bytes;
};

std::optional<Lock> lock_of(const std::string& name, const ParameterKeys& keys) {
  if (name == "aes-128" && !keys.aes_128.empty()) return Lock{keys.aes_128, kIvBytes128};
  if (name == "aes-256" && !keys.aes_256.empty()) return Lock{keys.aes_256, kIvBytes256};
  return std::nullopt;
}

// The cipher goes by the length of the key, not by the name: so it does in OpenWhisk.
const EVP_CIPHER* cipher_of(std::size_t key_bytes) {
  switch (key_bytes) {
    case 16:
      return EVP_aes_128_gcm();
    case 24:
      return EVP_aes_192_gcm();
    case 32:
      return EVP_aes_256_gcm();
    default:
      return nullptr;
  }
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

struct ContextFree {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

// AES in Galois counter mode, nothing authenticated beside the text. Nothing: it was not locked
// with this key, or was changed since.
std::optional<std::string> decrypt(const std::string& key, std::string_view iv,
                                   std::string_view sealed) {
  if (sealed.size() < kTagBytes) return std::nullopt;
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  sealed.remove_suffix(kTagBytes);
  const std::unique_ptr<EVP_CIPHER_CTX, ContextFree> context(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* const c = context.get();
  std::string plain(sealed.size(), '\0');
  auto* const out = reinterpret_cast<unsigned char*>(plain.data());
  int length = 0;
  int rest = 0;
  const bool opened =
      c != nullptr &&
      EVP_DecryptInit_ex(c, cipher_of(key.size()), nullptr, nullptr, nullptr) == 1 &&
      EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_IVLEN, static_cast<int>(iv.size()), nullptr) == 1 &&
      EVP_DecryptInit_ex(c, nullptr, nullptr, bytes_of(key), bytes_of(iv)) == 1 &&
      EVP_DecryptUpdate(c, out, &length, bytes_of(sealed), static_cast<int>(sealed.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(c, out + length, &rest) == 1;
  if (!opened) return std::nullopt;
  return plain;
}

std::size_t big_endian_32(std::string_view bytes) {
  std::uint32_t number = 0;
  for (const char c : bytes.substr(0, 4)) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

// base64 of: length of the vector, the vector, the sealed text of a JSON value.
std::optional<base::Json> open(const std::string& text, const Lock& lock) {
  const auto bytes = base::decode_base64(text);
  if (!bytes || bytes->size() < 4 || big_endian_32(*bytes) != lock.iv_bytes) return std::nullopt;
  const std::string_view rest = std::string_view(*bytes).substr(4);
  if (rest.size() < lock.iv_bytes) return std::nullopt;
  const auto plain = decrypt(lock.key, rest.substr(0, lock.iv_bytes), rest.substr(lock.iv_bytes));
  if (!plain) return std::nullopt;
  auto value = base::Json::parse(*plain);
  if (!value) return std::nullopt;
  return std::move(*value);
}

base::Result<std::string> parse_key(std::string_view name, std::string_view text) {
  auto key = base::decode_base64(base::trimmed(text));
  if (key && (key->empty() || cipher_of(key->size()) != nullptr)) return std::move(*key);
  return base::Error{ErrorCode::kInvalidArgument, "the key whisk.parameter-storage." +
                                                      std::string(name) +
                                                      " is not the base64 of 16, 24 or 32 bytes"};
}

}  // namespace

base::Result<ParameterKeys> parse_parameter_keys(std::string_view aes_128,
                                                 std::string_view aes_256) {
  ParameterKeys keys;
  TRY(keys.aes_128, parse_key("aes-128", aes_128));
  TRY(keys.aes_256, parse_key("aes-256", aes_256));
  return keys;
}

base::Result<base::Json> unlock_parameters(base::Json content,
                                           const std::map<std::string, std::string>& locked,
                                           const ParameterKeys& keys) {
  if (!content.is_object()) return content;
  for (const auto& [name, algorithm] : locked) {
    base::Json* const value = content.find(name);
    const auto lock = lock_of(algorithm, keys);
    if (value == nullptr || !value->is_string() || !lock) continue;
    auto plain = open(value->as_string(), *lock);
    if (!plain) {
      return base::Error{
          ErrorCode::kDataLoss,
          "parameter " + base::quoted(name) + " cannot be unlocked with the key of " + algorithm};
    }
    *value = std::move(*plain);
  }
  return content;
}

}  // namespace invoker
