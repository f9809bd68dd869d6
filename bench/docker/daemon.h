// A Docker daemon for the time of a benchmark, with the image of the native runtime.
#pragma once

#include <string>

namespace bench {

class Daemon {
 public:
  // Starts tests/services/docker; where it cannot run, reason() says why.
  Daemon();
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  const std::string& reason() const { return reason_; }
  const std::string& socket() const { return socket_; }

  // Runs the docker client with these words; false when it fails.
  bool docker(const std::string& words) const;

 private:
  std::string folder_, socket_, reason_;
};

inline constexpr const char* kImage = "larder-bench-native";

}  // namespace bench
