// Places inside the sandbox.
#pragma once

namespace proxy {

inline constexpr const char* kActionFolder = "/action";

}  // namespace proxy
