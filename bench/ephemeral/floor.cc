#include "floor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "base/check.h"
#include "base/unique_fd.h"

namespace bench_ephemeral {
namespace {

base::UniqueFd listen_anywhere(sockaddr_in& at) {
  base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(fd.get() >= 0);
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(at);
  CHECK(::bind(fd.get(), reinterpret_cast<sockaddr*>(&at), size) == 0);
  CHECK(::listen(fd.get(), 1) == 0);
  CHECK(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size) == 0);
  return fd;
}

[[noreturn]] void send_file(int listener, int file, std::uint64_t bytes) {
  const int socket = ::accept(listener, nullptr, nullptr);
  off_t at = 0;
  while (static_cast<std::uint64_t>(at) < bytes) {
    if (::sendfile(socket, file, &at, bytes - static_cast<std::uint64_t>(at)) <= 0) ::_exit(1);
  }
  ::_exit(0);
}

}  // namespace

double plain_copy_seconds(const std::string& directory, std::uint64_t bytes, std::size_t step) {
  const std::string path = directory + "/floor";
  const base::UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  sockaddr_in at{};
  const base::UniqueFd listener = listen_anywhere(at);
  std::string buffer(step, 'x');
  const pid_t sender = ::fork();
  CHECK(sender >= 0);
  if (sender == 0) {
    // It waits for the caller, who comes when the file is written.
    send_file(listener.get(), file.get(), bytes);
  }
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t done = 0; done < bytes; done += step) {
    CHECK(::pwrite(file.get(), buffer.data(), step, static_cast<off_t>(done)) ==
          static_cast<ssize_t>(step));
  }
  const base::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(socket.get() >= 0);
  CHECK(::connect(socket.get(), reinterpret_cast<sockaddr*>(&at), sizeof(at)) == 0);
  std::uint64_t got = 0;
  while (got < bytes) {
    const ssize_t count = ::recv(socket.get(), buffer.data(), step, 0);
    CHECK(count > 0);
    got += static_cast<std::uint64_t>(count);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  int status = 0;
  ::waitpid(sender, &status, 0);
  ::unlink(path.c_str());
  return took.count();
}

}  // namespace bench_ephemeral
