// larder-proxy: the first process of a container. Serves /init and /run on the socket that a
// sandbox inherits, or with --port on all of the container's addresses.
//
//   larder-proxy [--port PORT] native
//   larder-proxy [--port PORT] interpreter SOURCE_NAME INTERPRETER ARGUMENT...
//   larder-proxy forked SOURCE_NAME PID INPUT ANSWERS      by larder-stem.so, which has forked it
#include <fcntl.h>
#include <sys/signalfd.h>

#include <csignal>
#include <cstdio>
#include <string_view>

#include "listen.h"
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
  if (arguments.size() == 5 && arguments[0] == "forked") {
    return proxy::make_interpreter_worker(
        proxy::Child::adopt(std::stoi(arguments[2]), base::UniqueFd(std::stoi(arguments[3])),
                            base::UniqueFd(std::stoi(arguments[4])), children),
        {arguments[1], false}, children);
  }
  return base::Error{base::ErrorCode::kInvalidArgument,
                     "larder-proxy is started by larder-sandbox or an image's entry point: "
                     "[--port PORT] native | interpreter SOURCE INTERPRETER ARGUMENT..."};
}

int watch_children() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

// The listening socket; takes the words that say where it is. Closed for what is started later: who
// has it can answer in the proxy's place.
base::Result<base::UniqueFd> take_listener(std::vector<std::string>& words) {
  if (words.size() >= 2 && words[0] == "--port") {
    auto listener = proxy::listen_on_port(words[1]);
    words.erase(words.begin(), words.begin() + 2);
    return listener;
  }
  base::UniqueFd listener(invoker_container::kProxySocket);
  fcntl(listener.get(), F_SETFD, FD_CLOEXEC);
  fcntl(listener.get(), F_SETFL, fcntl(listener.get(), F_GETFL) | O_NONBLOCK);
  return listener;
}

base::Status serve(std::vector<std::string> words) {
  const int children = watch_children();
  TRY(const base::UniqueFd listener, take_listener(words));
  TRY(auto worker, make_worker(words, children));
  proxy::Proxy proxy(listener.get(), std::move(worker));
  proxy.serve();
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  signal(SIGPIPE, SIG_IGN);
  const base::Status status = serve({arguments + 1, arguments + count});
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.error().message.c_str());
  return 1;  // it serves until the action has ended, and that is always too early
}
