#include "channel.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "base/check.h"

namespace base_net {
namespace {

Io from_call(ssize_t result, Io::Kind when_blocked) {
  if (result > 0) return {.bytes = static_cast<std::size_t>(result)};
  if (result < 0 && (errno == EAGAIN || errno == EINTR)) return {.kind = when_blocked};
  return {.kind = Io::Kind::kClosed};
}

class PlainChannel final : public Channel {
 public:
  explicit PlainChannel(int fd) : fd_(fd) {}

  Io handshake() override { return {}; }
  Io read(char* to, std::size_t bytes) override {
    return from_call(::recv(fd_, to, bytes, MSG_DONTWAIT), Io::Kind::kWantRead);
  }
  Io write(const char* from, std::size_t bytes) override {
    return from_call(::send(fd_, from, bytes, MSG_DONTWAIT | MSG_NOSIGNAL), Io::Kind::kWantWrite);
  }
  std::string peer_name() const override { return {}; }

 private:
  int fd_;
};

class TlsChannel final : public Channel {
 public:
  TlsChannel(int fd, Side side, SSL_CTX* context) : tls_(SSL_new(context)) {
    CHECK(tls_ != nullptr && SSL_set_fd(tls_.get(), fd) == 1);
    side == Side::kCaller ? SSL_set_connect_state(tls_.get()) : SSL_set_accept_state(tls_.get());
  }

  Io handshake() override {
    ERR_clear_error();
    const int result = SSL_do_handshake(tls_.get());
    return result == 1 ? Io{} : failure(result);
  }
  Io read(char* to, std::size_t bytes) override {
    ERR_clear_error();
    const int result = SSL_read(tls_.get(), to, clip(bytes));
    return result > 0 ? Io{.bytes = static_cast<std::size_t>(result)} : failure(result);
  }
  Io write(const char* from, std::size_t bytes) override {
    ERR_clear_error();
    const int result = SSL_write(tls_.get(), from, clip(bytes));
    return result > 0 ? Io{.bytes = static_cast<std::size_t>(result)} : failure(result);
  }
  std::string peer_name() const override {
    const X509* certificate = SSL_get0_peer_certificate(tls_.get());
    std::array<char, 80> name{};
    if (certificate == nullptr ||
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                                  name.size()) < 0) {
      return {};
    }
    return name.data();
  }

 private:
  struct Free {
    void operator()(SSL* tls) const { SSL_free(tls); }
  };

  static int clip(std::size_t bytes) {
    return static_cast<int>(std::min<std::size_t>(bytes, INT_MAX));
  }
  Io failure(int result) const {
    switch (SSL_get_error(tls_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return {.kind = Io::Kind::kWantRead};
      case SSL_ERROR_WANT_WRITE:
        return {.kind = Io::Kind::kWantWrite};
      default:
        return {.kind = Io::Kind::kClosed};
    }
  }

  std::unique_ptr<SSL, Free> tls_;
};

}  // namespace

std::unique_ptr<Channel> open_channel(int fd, Side side, const Identity& identity) {
  if (identity.tls() == nullptr) return std::make_unique<PlainChannel>(fd);
  return std::make_unique<TlsChannel>(fd, side, identity.tls());
}

}  // namespace base_net
