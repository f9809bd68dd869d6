// Where the proxy finds its listening socket.
#pragma once

namespace invoker_container {

inline constexpr int kProxySocket = 10;

}  // namespace invoker_container
