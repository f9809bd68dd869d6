#include "controller_sim/store.h"

#include <curl/curl.h>

#include <array>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace controller_sim {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* body) {
  static_cast<std::string*>(body)->append(bytes, size * count);
  return size * count;
}

ErrorCode code_of(long status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorCode::kPermissionDenied;
    case 404:
      return ErrorCode::kNotFound;
    case 409:
    case 412:
      return ErrorCode::kConflict;
    default:
      return status >= 500 ? ErrorCode::kUnavailable : ErrorCode::kInternal;
  }
}

}  // namespace

struct Store::Request {
  const char* method = "GET";
  std::string path;
  std::string body{};
  const char* content_type = "application/json";
};

struct Store::Curl {
  Curl() : easy(curl_easy_init()) { CHECK(easy != nullptr); }
  Curl(const Curl&) = delete;
  Curl& operator=(const Curl&) = delete;
  ~Curl() { curl_easy_cleanup(easy); }
  CURL* easy;
};

Store::Store(StoreConfig config) : config_(std::move(config)), curl_(std::make_unique<Curl>()) {
  while (config_.url.ends_with('/')) config_.url.pop_back();
}

Store::~Store() = default;

base::Result<Store::Answer> Store::ask(const Request& request) {
  constexpr long kSeconds = 30;
  CURL* easy = curl_->easy;
  curl_easy_reset(easy);
  Answer answer;
  std::array<char, CURL_ERROR_SIZE> reason{};
  const std::string url = config_.url + request.path;
  curl_slist* headers = curl_slist_append(nullptr, "Accept: application/json");
  headers =
      curl_slist_append(headers, (std::string("Content-Type: ") + request.content_type).c_str());
  headers = curl_slist_append(headers, "Expect:");
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_TIMEOUT, kSeconds);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, reason.data());
  if (!request.body.empty() || std::strcmp(request.method, "GET") != 0) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  }
  const CURLcode code = curl_easy_perform(easy);
  curl_slist_free_all(headers);
  if (code != CURLE_OK) {
    return Error{ErrorCode::kUnavailable,
                 std::string("the database does not answer: ") +
                     (reason[0] != 0 ? reason.data() : curl_easy_strerror(code))};
  }
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

base::Result<Json> Store::ask_json(const Request& request) {
  TRY(const Answer answer, ask(request));
  if (answer.status >= 300) {
    return Error{code_of(answer.status), std::string(request.method) + " " + request.path +
                                             ": HTTP " + std::to_string(answer.status) + " " +
                                             base::quoted(answer.body)};
  }
  return Json::parse(answer.body);
}

std::string Store::document_path(const std::string& database, const std::string& id) const {
  return "/" + url_segment(database) + "/" + url_segment(id);
}

base::Status Store::create_databases() {
  for (const std::string& name : {config_.actions, config_.activations}) {
    const auto made = ask_json({.method = "PUT", .path = "/" + url_segment(name)});
    if (!made && made.error().code != ErrorCode::kConflict) return made.error();
  }
  return {};
}

base::Result<std::string> Store::put_action(Json document, const std::string& attachment) {
  const std::string path = document_path(config_.actions, document.find("_id")->as_string());
  const auto old = ask_json({.path = path});
  if (!old && old.error().code != ErrorCode::kNotFound) return old.error();
  if (old && old->find("_rev") != nullptr) document.set("_rev", *old->find("_rev"));
  TRY(Json written, ask_json({.method = "PUT", .path = path, .body = document.to_string()}));
  if (!attachment.empty()) {
    const Json& name = *document.find("exec")->find("code")->find("attachmentName");
    const std::string segment = name.as_string().substr(name.as_string().find(':') + 1);
    const std::string revision = written.find("rev")->as_string();
    TRY(written, ask_json({.method = "PUT",
                           .path = path + "/" + url_segment(segment) + "?rev=" + revision,
                           .body = attachment,
                           .content_type = "text/plain; charset=UTF-8"}));
  }
  const Json* revision = written.find("rev");
  if (revision == nullptr || !revision->is_string()) {
    return Error{ErrorCode::kInternal, "the database gave no revision: " + written.to_string()};
  }
  return revision->as_string();
}

base::Status Store::delete_action(const std::string& id) {
  const std::string path = document_path(config_.actions, id);
  const auto old = ask_json({.path = path});
  if (!old) return old.error().code == ErrorCode::kNotFound ? base::Status() : old.error();
  const Json* revision = old->find("_rev");
  if (revision == nullptr || !revision->is_string()) return {};
  const auto gone = ask_json({.method = "DELETE", .path = path + "?rev=" + revision->as_string()});
  return gone ? base::Status() : base::Status(gone.error());
}

base::Result<std::vector<Json>> Store::records(const std::string& namespace_name,
                                               const std::vector<std::string>& activation_ids) {
  Json keys = Json::array();
  for (const std::string& id : activation_ids) {
    keys.append(std::string(namespace_name).append(1, '/').append(id));
  }
  TRY(const Json answer,
      ask_json({.method = "POST",
                .path = "/" + url_segment(config_.activations) + "/_all_docs?include_docs=true",
                .body = Json::object({{"keys", std::move(keys)}}).to_string()}));
  std::vector<Json> records;
  const Json* rows = answer.find("rows");
  if (rows == nullptr || !rows->is_array()) {
    return Error{ErrorCode::kInternal, "the database answered without rows"};
  }
  for (const Json& row : rows->items()) {
    const Json* document = row.find("doc");
    if (document != nullptr && document->is_object()) records.push_back(*document);
  }
  return records;
}

std::string url_segment(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = ".-*_";
  std::string segment;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || kPlain.find(c) != std::string_view::npos) {
      segment += c;
    } else if (c == ' ') {
      segment += '+';
    } else {
      segment += '%';
      segment += kHex[byte >> 4];
      segment += kHex[byte & 15];
    }
  }
  return segment;
}

}  // namespace controller_sim
