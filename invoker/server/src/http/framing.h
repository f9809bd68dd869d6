// Whether a request says beyond doubt where it ends and whom it is for. Where two readings are
// possible, a proxy in front of us may take the other one, and what it thinks is a body would be a
// request here (request smuggling).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "invoker_server/http.h"

namespace invoker_server {

// What is wrong with the headers of a request of `version` ("HTTP/1.1"), for its sender; "" when
// nothing is. Pure.
std::string framing_fault(std::string_view version, const std::vector<Field>& headers);

}  // namespace invoker_server
