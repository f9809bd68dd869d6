// larder-sandbox: started by the sandbox factory, never by a person. Serves orders on descriptor 3.
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>

#include "fd_message.h"
#include "seccomp_filter.h"
#include "warden.h"

namespace {

constexpr int kOrders = 3;

base::Result<int> serve() {
  // Its descriptors stay open as long as sandboxes may live.
  TRY(const auto message, invoker_container::receive_message(kOrders));
  TRY(auto setup, invoker_container::decode_setup(message.text));
  TRY(auto filter, sandbox::compile_filter());
  TRY(auto root, sandbox::make_template(setup));
  TRY_STATUS(invoker_container::send_message(kOrders, "ready", {}));
  sandbox::Warden warden(kOrders, std::move(setup), std::move(root), std::move(filter));
  return warden.run();
}

}  // namespace

int main(int count, char** /*arguments*/) {
  int type = 0;
  socklen_t length = sizeof type;
  if (count != 1 || getsockopt(kOrders, SOL_SOCKET, SO_TYPE, &type, &length) < 0) {
    std::fprintf(stderr,
                 "larder-sandbox is started by the invoker and takes its orders from it.\n");
    return 2;
  }
  close_range(kOrders + 1, ~0U, 0);
  const auto result = serve();
  if (result.ok()) return *result;
  // The factory passes this on; an error on the way means that it is gone.
  static_cast<void>(invoker_container::send_message(kOrders, result.error().message, {}).ok());
  return 1;
}
