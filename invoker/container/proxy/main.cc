// larder-proxy: the first process of a sandbox. Serves /init and /run on an inherited socket.
//
//   larder-proxy native
//   larder-proxy interpreter SOURCE_NAME INTERPRETER ARGUMENT...
#include <fcntl.h>
#include <sys/signalfd.h>

#include <csignal>
#include <cstdio>
#include <string_view>

#include "proxy.h"
#include "proxy_fds.h"
#include "worker_interpreter.h"
#include "worker_native.h"

namespace {

base::Result<std::unique_ptr<proxy::Worker>> make_worker(const std::vector<std::string>& arguments,
                                                         int children) {
  if (arguments.size() == 1 && arguments[0] == "native") return proxy::make_native_worker(children);
  if (arguments.size() >= 3 && arguments[0] == "interpreter") {
    return proxy::make_interpreter_worker({arguments.begin() + 2, arguments.end()},
                                          {arguments[1], false}, children);
  }
  return base::Error{base::ErrorCode::kInvalidArgument,
                     "larder-proxy is started by larder-sandbox inside a sandbox."};
}

int watch_children() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

}  // namespace

int main(int count, char** arguments) {
  signal(SIGPIPE, SIG_IGN);
  const int children = watch_children();
  // Before anything is started: who has the listening socket can answer in the proxy's place.
  const int listener = invoker_container::kProxySocket;
  fcntl(listener, F_SETFD, FD_CLOEXEC);
  fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK);
  auto worker = make_worker({arguments + 1, arguments + count}, children);
  if (!worker.ok()) {
    std::fprintf(stderr, "%s\n", worker.error().message.c_str());
    return 1;
  }
  proxy::Proxy proxy(listener, std::move(*worker));
  proxy.serve();
  return 1;
}
