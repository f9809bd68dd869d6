#include "serve.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>

#include "fd_message.h"
#include "seccomp_filter.h"
#include "warden.h"

namespace sandbox {

namespace {

base::Result<int> serve(Interpreter interpreter) {
  // Its descriptors stay open as long as sandboxes may live.
  TRY(const auto message, invoker_container::receive_message(kOrders));
  TRY(auto setup, invoker_container::decode_setup(message.text));
  TRY(auto filter, compile_filter());
  TRY(auto root, make_template(setup));
  TRY_STATUS(invoker_container::send_message(kOrders, "ready", {}));
  Warden warden(kOrders, std::move(setup), std::move(root), std::move(filter), interpreter);
  return warden.run();
}

}  // namespace

int serve_orders(Interpreter interpreter) {
  int type = 0;
  socklen_t length = sizeof type;
  if (getsockopt(kOrders, SOL_SOCKET, SO_TYPE, &type, &length) < 0) {
    std::fprintf(stderr,
                 "larder-sandbox is started by the invoker and takes its orders from it.\n");
    return 2;
  }
  close_range(kOrders + 1, ~0U, 0);
  const auto result = serve(interpreter);
  if (result.ok()) return *result;
  // The factory passes this on; an error on the way means that it is gone.
  static_cast<void>(invoker_container::send_message(kOrders, result.error().message, {}).ok());
  return 1;
}

}  // namespace sandbox
