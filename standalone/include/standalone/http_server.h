// The server, its requests and answers are those of the invoker's endpoints too.
#pragma once

#include "invoker_server/http_server.h"
#include "standalone/http.h"

namespace standalone {

using invoker_server::HttpServer;
using invoker_server::HttpServerConfig;

}  // namespace standalone
