// What every use of libcurl here needs.
#pragma once

#include <curl/curl.h>

#include <memory>

#include "base/check.h"

namespace invoker_http {

// Initialises libcurl, once. Never undone: it is used until the process ends. Threads: any.
void ensure_curl();

// An option that libcurl does not know or cannot set is a bug.
template <typename Value>
void set(CURL* handle, CURLoption option, Value value) {
  CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
}

struct CurlCleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using CurlHandle = std::unique_ptr<CURL, CurlCleanup>;

CurlHandle new_handle();

}  // namespace invoker_http
