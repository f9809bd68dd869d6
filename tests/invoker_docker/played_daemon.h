// A Docker daemon that is played: it says of its one container what the test wants.
#pragma once

#include <algorithm>
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

  // The bridge of its network; nothing may be asked of it yet.
  void set_bridge(const std::string& name) { bridge_ = name; }
  // From now on it makes what it is asked to make, and dies before it has said so.
  void lose_creations() { loses_creations_ = true; }

  const std::string& socket() const { return server_.socket_path(); }
  // Whether a request with that first line has come, such as "DELETE /x HTTP/1.1".
  bool was_asked(const std::string& line) const {
    return std::ranges::any_of(server_.requests(),
                               [&](const auto& request) { return request.line == line; });
  }

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
    if (names(request, "/networks/")) {
      return send_text(fd, http_answer(200, R"({"Id":"def","Driver":"bridge","Options":{)"
                                            R"("com.docker.network.bridge.name":")" +
                                                bridge_ + "\"}}"));
    }
    if (names(request, "/create") && loses_creations_) return false;
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
  std::string bridge_ = "no-such-bridge";
  std::atomic<int> asked_ = 0;
  std::atomic<bool> loses_creations_ = false;
  testing_support::ActionServer server_{
      [this](const testing_support::HttpRequest& request, int fd) { return answer(request, fd); }};
};

}  // namespace invoker_docker
