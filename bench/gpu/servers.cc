#include "servers.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "base/check.h"
#include "gpu_null/null_device.h"
#include "gpu_session/session.h"

namespace bench_gpu {

Process::Process(const std::function<void()>& what) : pid_(::fork()) {
  CHECK(pid_ >= 0);
  if (pid_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  what();
  ::_exit(0);
}

Process::~Process() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  wait();
}

void Process::wait() {
  int status = 0;
  if (pid_ > 0) CHECK(::waitpid(pid_, &status, 0) == pid_);
  pid_ = -1;
}

Server::Server(const std::string& kind, const std::string& path, const Serve& serve) {
  endpoint_ = gpu_wire::parse_endpoint(kind + ":" + (kind == "tcp" ? "127.0.0.1:0" : path)).value();
  fd_ = gpu_wire::listen(endpoint_).value();
  if (kind == "tcp") endpoint_.port = gpu_wire::port_of(fd_.get()).value();
  text_ = kind + ":" +
          (kind == "tcp" ? "127.0.0.1:" + std::to_string(endpoint_.port) : endpoint_.place);
  process_ = std::make_unique<Process>([&] {
    while (true) {
      const int fd = ::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      CHECK(fd >= 0);
      auto client = gpu_wire::welcome_transport(fd, std::chrono::seconds(5));
      if (client.ok()) serve(**client);
    }
  });
}

void serve_session(gpu_wire::Transport& client) {
  gpu_null::NullDevice device({.memory_bytes = 1ULL << 30, .has_bytes = false});
  gpu_session::MemoryImages images(1 << 20);
  gpu_session::Session session(client, device, images, {});
  CHECK(session.run().ok());
}

}  // namespace bench_gpu
