// What each request is answered.
#pragma once

#include "invoker_server/control_server.h"
#include "invoker_server/http.h"

namespace invoker_server {

// Threads: any; runs the callbacks that the request asks for.
Response answer(const Request& request, const ControlOptions& options,
                const ControlCallbacks& callbacks);

}  // namespace invoker_server
