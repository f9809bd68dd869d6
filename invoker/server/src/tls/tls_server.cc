#include "tls_server.h"

#include <gnutls/gnutls.h>

namespace invoker_server {
namespace {

char kPriorities[] = "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1";

}  // namespace

std::vector<MHD_OptionItem> TlsServer::options() {
  std::vector<MHD_OptionItem> items = {
      {MHD_OPTION_HTTPS_MEM_KEY, 0, keystore_.key.data()},
      {MHD_OPTION_HTTPS_MEM_CERT, 0, keystore_.chain.data()},
      {MHD_OPTION_HTTPS_PRIORITIES, 0, kPriorities},
  };
  if (client_certificate_) {
    items.push_back({MHD_OPTION_HTTPS_MEM_TRUST, 0, keystore_.trusted.data()});
  }
  items.push_back({MHD_OPTION_END, 0, nullptr});
  return items;
}

// The library itself only asks for a certificate and looks at none.
void TlsServer::prepare(MHD_Connection* connection) const {
  if (!client_certificate_) return;
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  CHECK(info != nullptr && info->tls_session != nullptr);
  auto* const session = static_cast<gnutls_session_t>(info->tls_session);
  gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
  gnutls_session_set_verify_cert(session, nullptr, 0);
}

}  // namespace invoker_server
