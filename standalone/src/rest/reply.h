// Answers in the forms that clients expect.
#pragma once

#include <string>

#include "base/json.h"
#include "failure.h"
#include "standalone/http.h"

namespace standalone {

// What an answer needs to know of its request; outlives it.
struct ReplyContext {
  std::string transaction_id;
  bool accepts_json = true;
};

// Whether a request with this Accept header (null pointer: none) takes `application/json`.
bool accepts_json(const std::string* accept);

// A JSON answer of a handler. 406 in place of a 2xx that the client does not accept.
Response json_text_reply(const ReplyContext& context, int status, std::string text);
Response json_reply(const ReplyContext& context, int status, const base::Json& body);
// {"error","code"}.
Response failure_reply(const ReplyContext& context, const Failure& failure);
// The status's default text, with the cross-origin headers where asked for.
Response text_reply(const ReplyContext& context, int status, std::string text);
void allow_cross_origin(Response& response);

}  // namespace standalone
