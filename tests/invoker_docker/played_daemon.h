// A Docker daemon that is played: it says of its one container what the test wants.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <utility>

#include "testing/action_server.h"

namespace invoker_docker {

// What the daemon says of its container.
struct PlayedState {
  bool running = true;
  bool oom_killed = false;
};

// Threads: any; `state` is called in the threads of its connections.
class PlayedDaemon {
 public:
  // The container's address, and how it is when it is asked for the `number`th time, from 1.
  PlayedDaemon(std::string address, std::function<PlayedState(int number)> state)
      : address_(std::move(address)), state_(std::move(state)) {}

  const std::string& socket() const { return server_.socket_path(); }

 private:
  static bool names(const testing_support::HttpRequest& request, const char* what) {
    return request.line.find(what) != std::string::npos;
  }
  bool answer(const testing_support::HttpRequest& request, int fd) {
    using testing_support::http_answer;
    using testing_support::send_text;
    if (names(request, "/events")) {  // nothing ever happens
      testing_support::wait_for_hang_up(fd);
      return false;
    }
    if (names(request, "/version"))
      return send_text(fd, http_answer(200, R"({"ApiVersion":"1.41","MinAPIVersion":"1.12"})"));
    if (names(request, "/create")) return send_text(fd, http_answer(201, R"({"Id":"abc"})"));
    if (names(request, "/json")) return send_text(fd, http_answer(200, inspected()));
    return send_text(fd, http_answer(200, "{}"));
  }
  std::string inspected() {
    const PlayedState state = state_(++asked_);
    const auto word = [](bool value) { return value ? "true" : "false"; };
    return std::string(R"({"Id":"abc","State":{"Pid":0,"Running":)") + word(state.running) +
           R"(,"OOMKilled":)" + word(state.oom_killed) +
           R"(},"NetworkSettings":{"Networks":{"bridge":{"IPAddress":")" + address_ + "\"}}}}";
  }

  const std::string address_;
  const std::function<PlayedState(int)> state_;
  std::atomic<int> asked_ = 0;
  testing_support::ActionServer server_{
      [this](const testing_support::HttpRequest& request, int fd) { return answer(request, fd); }};
};

}  // namespace invoker_docker
