// Sessions in threads of this process, one after the other or at once, each with a device of its
// own.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "gpu_null/null_device.h"
#include "gpu_session/session.h"
#include "testing_gpu/ends.h"

namespace testing_gpu {

class Served {
 public:
  using MakeDevice = std::function<std::unique_ptr<gpu_device::Device>()>;

  explicit Served(
      const std::string& kind, gpu_session::Options options = {},
      MakeDevice make = [] { return std::make_unique<gpu_null::NullDevice>(); })
      : listener_(kind), options_(std::move(options)), make_(std::move(make)) {
    acceptor_ = std::thread([this] { accept_all(); });
  }
  // Clients are gone by now, or are made so.
  ~Served() {
    ::shutdown(listener_.fd(), SHUT_RDWR);
    acceptor_.join();
    for (One& one : all_) one.session->stop();
    for (One& one : all_) one.thread.join();
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  const gpu_wire::Endpoint& endpoint() const { return listener_.endpoint(); }
  std::string endpoint_text() const { return listener_.text(); }
  gpu_session::MemoryImages& images() { return images_; }

  // Of the latest session; there has been one.
  gpu_device::Device& device() {
    const std::lock_guard lock(mutex_);
    return *all_.back().device;
  }
  gpu_session::Session& session() {
    const std::lock_guard lock(mutex_);
    return *all_.back().session;
  }
  // Waits for its end.
  base::Status end() {
    One* last = nullptr;
    {
      const std::lock_guard lock(mutex_);
      last = &all_.back();
    }
    last->thread.join();
    last->thread = std::thread([] {});
    return last->end;
  }

 private:
  struct One {
    std::unique_ptr<gpu_wire::Transport> transport;
    std::unique_ptr<gpu_device::Device> device;
    std::unique_ptr<gpu_session::Session> session;
    base::Status end;
    std::thread thread;
  };

  void accept_all() {
    while (true) {
      const int fd = ::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      auto transport = gpu_wire::welcome_transport(fd, std::chrono::seconds(10));
      if (transport.ok()) serve(std::move(*transport));
    }
  }

  void serve(std::unique_ptr<gpu_wire::Transport> transport) {
    const std::lock_guard lock(mutex_);
    One& one = all_.emplace_back();
    one.transport = std::move(transport);
    one.device = make_();
    one.session =
        std::make_unique<gpu_session::Session>(*one.transport, *one.device, images_, options_);
    one.thread = std::thread([&one] { one.end = one.session->run(); });
  }

  Listener listener_;
  const gpu_session::Options options_;
  const MakeDevice make_;
  gpu_session::MemoryImages images_{64 << 20};
  std::mutex mutex_;  // guards what follows
  std::list<One> all_;
  std::thread acceptor_;
};

}  // namespace testing_gpu
