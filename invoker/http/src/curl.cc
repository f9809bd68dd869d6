#include "curl.h"

namespace invoker_http {

void ensure_curl() {
  static const bool kReady = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  CHECK(kReady);
}

CurlHandle new_handle() {
  ensure_curl();
  CurlHandle handle(curl_easy_init());
  CHECK(handle != nullptr);
  return handle;
}

}  // namespace invoker_http
