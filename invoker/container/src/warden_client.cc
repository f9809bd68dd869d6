#include "warden_client.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>

#include "fd_message.h"

extern char** environ;

namespace invoker_container {
namespace {

constexpr int kOrdersFd = 3;
constexpr timeval kReplyPatience{10, 0};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Returns an errno. The warden gets a session of its own: it must outlive a Ctrl-C that ends us.
int spawn(WardenProgram program, int socket, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, socket, kOrdersFd);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int result =
      posix_spawn(&pid, program.command.front().c_str(), &actions, &attributes,
                  pointers(program.command).data(), pointers(program.environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return result;
}

}  // namespace

base::Result<std::unique_ptr<WardenClient>> WardenClient::start(const WardenProgram& program,
                                                                const WardenSetup& setup,
                                                                const std::vector<int>& fds) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
    return base::error_from_errno(errno, "making a socket pair");
  }
  base::UniqueFd ours(ends[0]);
  base::UniqueFd theirs(ends[1]);
  setsockopt(ours.get(), SOL_SOCKET, SO_RCVTIMEO, &kReplyPatience, sizeof kReplyPatience);
  pid_t pid = 0;
  const int result = spawn(program, theirs.get(), pid);
  if (result != 0) return base::error_from_errno(result, "starting " + program.command.front());
  theirs.reset();
  std::unique_ptr<WardenClient> client(new WardenClient(pid, std::move(ours)));
  TRY_STATUS(send_message(client->socket_.get(), encode(setup), fds));
  TRY(const FdMessage answer, receive_message(client->socket_.get()));
  if (answer.text == "ready") return client;
  return base::Error{base::ErrorCode::kUnsupported,
                     "sandboxes cannot be made here: " + answer.text};
}

WardenClient::~WardenClient() {
  socket_.reset();
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

bool WardenClient::has_ended() const {
  siginfo_t info{};
  // Leaves it to the destructor to be waited for.
  const int asked = waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  return asked == 0 && info.si_pid == pid_;
}

base::Result<StartedSandbox> WardenClient::order(StartOrder order, const std::vector<int>& fds) {
  const std::scoped_lock lock(mutex_);
  order.id = next_id_++;
  TRY_STATUS(send_message(socket_.get(), encode(order), fds));
  TRY(FdMessage answer, receive_message(socket_.get()));
  if (answer.text.empty()) {
    return base::Error{base::ErrorCode::kUnavailable, "larder-sandbox has ended"};
  }
  TRY(const StartReply reply, decode_reply(answer.text));
  if (!reply.error.empty()) return base::Error{base::ErrorCode::kUnavailable, reply.error};
  if (reply.id != order.id || answer.fds.size() != 1) {
    return base::Error{base::ErrorCode::kInternal, "larder-sandbox answered another order"};
  }
  return StartedSandbox{static_cast<pid_t>(reply.pid), std::move(answer.fds[0])};
}

}  // namespace invoker_container
