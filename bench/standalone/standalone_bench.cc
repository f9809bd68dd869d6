// How long `larder standalone` takes to its first answer, and what it holds when nobody calls.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <string>
#include <thread>

#include "base/check.h"
#include "base/unique_fd.h"
#include "figures.h"
#include "process_tree.h"

namespace bench {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int kStarts = 5;
constexpr auto kSettled = 5s;  // stem cells are up and have warmed up

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::uint16_t free_port() {
  const base::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(socket.valid());
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  CHECK(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
  CHECK(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
  return ntohs(address.sin_port);
}

// One GET /ping; true when it is answered with 200.
bool answers(std::uint16_t port) {
  const base::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return false;
  }
  const std::string request = "GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (write(socket.get(), request.data(), request.size()) < 0) return false;
  char answer[64] = {};
  return read(socket.get(), answer, sizeof answer - 1) > 0 &&
         std::string_view(answer).starts_with("HTTP/1.1 200");
}

pid_t start(std::uint16_t port, const std::string& data_dir) {
  const std::string program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "larder";
  const std::string port_text = std::to_string(port);
  const char* arguments[] = {program.c_str(), "standalone",     "--port", port_text.c_str(),
                             "--data-dir",    data_dir.c_str(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  CHECK(posix_spawn(&pid, program.c_str(), &actions, nullptr, const_cast<char* const*>(arguments),
                    environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

void run() {
  std::string folder = std::filesystem::temp_directory_path() / "larder-bench-XXXXXX";
  CHECK(mkdtemp(folder.data()) != nullptr);
  Samples start_ms;
  std::map<std::string, double> memory_mb;
  for (int i = 0; i < kStarts; ++i) {
    const std::uint16_t port = free_port();
    const auto begun = Clock::now();
    const pid_t pid = start(port, folder);
    while (!answers(port)) {
      CHECK(waitpid(pid, nullptr, WNOHANG) == 0 && Clock::now() - begun < 30s);
      std::this_thread::sleep_for(1ms);
    }
    start_ms.add(std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
    if (i == kStarts - 1) {
      std::this_thread::sleep_for(kSettled);
      memory_mb = tree_memory_mb(pid);
    }
    kill(pid, SIGTERM);
    CHECK(waitpid(pid, nullptr, 0) == pid);
  }
  std::filesystem::remove_all(folder);
  print_result("standalone, start to first answer, p50", start_ms.percentile(0.5), Bound::kAtMost,
               500, "ms");
  // It has a bound of its own, and is a program of its own wherever there is no platform.
  const double storaged_mb = memory_mb["larder-storaged"];
  double others_mb = -storaged_mb;
  for (const auto& [program, mb] : memory_mb) others_mb += mb;
  print_result("standalone, idle memory with its sandboxes, without larder-storaged", others_mb,
               Bound::kAtMost, 60, "MB");
  print_result("larder-storaged, idle memory", storaged_mb, Bound::kAtMost, 40, "MB");
}

}  // namespace
}  // namespace bench

int main() { bench::run(); }
