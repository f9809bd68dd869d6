// The server, its requests and answers are those of the invoker's endpoints too.
#pragma once

#include "invoker_server/http.h"

namespace standalone {

using invoker_server::Field;
using invoker_server::HttpHandler;
using invoker_server::Request;
using invoker_server::Responder;
using invoker_server::Response;
using invoker_server::same_header;

}  // namespace standalone
