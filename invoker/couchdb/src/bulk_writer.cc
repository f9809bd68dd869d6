#include "bulk_writer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json.h"

namespace invoker_couchdb {
namespace {

using base::Json;
using invoker_http::HttpAnswer;

constexpr int kDivisionTries = 3;

std::string request_body(std::span<const std::string> documents) {
  std::size_t bytes = 16;
  for (const std::string& document : documents) bytes += document.size() + 1;
  std::string body;
  body.reserve(bytes);
  body = R"({"docs":[)";
  for (const std::string& document : documents) {
    if (&document != documents.data()) body += ',';
    body += document;
  }
  return body += "]}";
}

// The request as such is at fault, not the state of the database or of its password.
bool is_about_content(int status) { return status == 400 || status == 413 || status == 422; }

std::string text_of(const Json& item, std::string_view key) {
  const Json* const value = item.find(key);
  return value != nullptr && value->is_string() ? value->as_string() : "";
}

// The state of the database is at fault, not the document. CouchDB names the error only; servers
// that speak like it have its status, too.
bool is_passing(const Json& item, const std::string& error) {
  constexpr std::string_view kPassing[] = {
      "internal_server_error", "unknown_error", "timeout",          "request_timeout",
      "service_unavailable",   "no_majority",   "all_workers_died", "too_many_requests"};
  const Json* const member = item.find("status");
  const auto status = member != nullptr ? member->as_int64() : std::nullopt;
  return (status && (*status >= 500 || *status == 429)) || std::ranges::count(kPassing, error) > 0;
}

// An item has an error, or the revision that was given.
bool count_item(const Json& item, std::size_t index, BulkWriter::Outcome& outcome) {
  const std::string error = text_of(item, "error");
  if (error.empty()) {
    if (text_of(item, "rev").empty()) return false;
    ++outcome.written;
  } else if (error == "conflict") {
    ++outcome.repeated;
  } else {
    auto& refusals = is_passing(item, error) ? outcome.again : outcome.refused;
    refusals.push_back({index, error + ": " + text_of(item, "reason")});
  }
  return true;
}

base::Status count(const HttpAnswer& answer, std::size_t size, std::size_t first,
                   BulkWriter::Outcome& outcome) {
  const base::Error senseless{base::ErrorCode::kInternal,
                              describe("records in bulk, to no purpose", answer)};
  const auto items = Json::parse(answer.body);
  if (!items || !items->is_array() || items->items().size() != size) return senseless;
  BulkWriter::Outcome counted = outcome;
  for (std::size_t i = 0; i < size; ++i) {
    if (!count_item(items->items()[i], first + i, counted)) return senseless;
  }
  outcome = std::move(counted);
  return {};
}

}  // namespace

base::Result<BulkWriter::Outcome> BulkWriter::write(std::span<const std::string> documents) {
  Outcome outcome;
  TRY_STATUS(write(documents, 0, 1, outcome));
  return outcome;
}

// Servers like to close the connection after a request that was too large, and the next one on it
// is lost: then the parts of a division are sent again, or none would ever come to its end.
base::Result<HttpAnswer> BulkWriter::post(std::span<const std::string> documents, int tries) {
  while (true) {
    auto answer = database_.post("_bulk_docs", request_body(documents));
    const bool lost = !answer && answer.error().code == base::ErrorCode::kUnavailable;
    if (!lost || --tries == 0 || cancelled_) return answer;
  }
}

base::Status BulkWriter::write(std::span<const std::string> documents, std::size_t first, int tries,
                               Outcome& outcome) {
  TRY(const HttpAnswer answer, post(documents, tries));
  if (answer.status == 200 || answer.status == 201 || answer.status == 202)
    return count(answer, documents.size(), first, outcome);
  if (is_about_content(answer.status)) return divide(documents, first, answer, outcome);
  return base::Error{base::ErrorCode::kUnavailable, describe("records in bulk", answer)};
}

// One record must not keep the others out: the half without it goes through.
base::Status BulkWriter::divide(std::span<const std::string> documents, std::size_t first,
                                const HttpAnswer& answer, Outcome& outcome) {
  if (documents.size() == 1) {
    outcome.refused.push_back({first, describe("a record", answer)});
    return {};
  }
  const std::size_t half = documents.size() / 2;
  TRY_STATUS(write(documents.first(half), first, kDivisionTries, outcome));
  return write(documents.subspan(half), first + half, kDivisionTries, outcome);
}

}  // namespace invoker_couchdb
