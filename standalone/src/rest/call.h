// One request on its way through the control plane.
#pragma once

#include <string>

#include "invoker/message.h"
#include "names.h"
#include "query.h"
#include "reply.h"
#include "standalone/http.h"
#include "standalone/limits.h"

namespace standalone {

struct Call {
  Request request;
  Responder responder;
  ReplyContext reply;
  invoker::TransactionId transaction;
  Path path;
  Query query;
  const invoker::Identity* user = nullptr;  // once authenticated
  ServiceLimits limits;                     // of that user

  bool is(std::string_view method) const { return request.method == method; }
};

// What a path below a namespace names.
struct Resource {
  std::string namespace_name;  // resolved
  std::string package;         // empty: none
  std::string name;            // empty: the collection

  std::string path() const {
    return package.empty() ? namespace_name : namespace_name + "/" + package;
  }
  std::string id() const { return name.empty() ? path() : path() + "/" + name; }
};

// The JSON body, once its content type is checked. Nothing when there is no body.
Answer<std::optional<base::Json>> read_json_body(const Call& call);

}  // namespace standalone
