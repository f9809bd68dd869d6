#include "child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

extern char** environ;

namespace proxy {
namespace {

constexpr int kAnswerFd = 3;
constexpr int kPipeBytes = 256 << 10;

struct Pipe {
  base::UniqueFd read_end, write_end;
};

base::Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return base::error_from_errno(errno, "making a pipe");
  fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes);  // a wish
  return Pipe{base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

void set_nonblocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

// The proxy's own variables, each replaced where `extra` has it.
std::vector<std::string> merge(const Variables& extra) {
  std::vector<std::string> texts;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    const std::string name = text.substr(0, text.find('='));
    bool replaced = false;
    for (const auto& [key, value] : extra) replaced = replaced || key == name;
    if (!replaced) texts.push_back(text);
  }
  for (const auto& [key, value] : extra)
    texts.push_back(std::string(key).append("=").append(value));
  return texts;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

struct Wiring {
  int input, answers, output;  // the child's ends; no output: the proxy's own
};

// Returns an errno.
int spawn(const ChildOptions& options, const Wiring& wiring, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addchdir_np(&actions, options.directory.c_str());
  posix_spawn_file_actions_adddup2(&actions, wiring.input, 0);
  if (wiring.output >= 0) posix_spawn_file_actions_adddup2(&actions, wiring.output, 1);
  posix_spawn_file_actions_adddup2(&actions, wiring.answers, kAnswerFd);
  sigset_t none, standard;
  sigemptyset(&none);
  sigemptyset(&standard);
  sigaddset(&standard, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &standard);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  std::vector<std::string> arguments = options.arguments;
  std::vector<std::string> environment = merge(options.environment);
  const int result = posix_spawn(&pid, options.arguments.front().c_str(), &actions, &attributes,
                                 pointers(arguments).data(), pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return result;
}

void clear(int signals) {
  signalfd_siginfo ignored;
  while (read(signals, &ignored, sizeof ignored) > 0) continue;
}

}  // namespace

base::Result<Child> Child::start(const ChildOptions& options, int children) {
  Child child;
  child.children_ = children;
  TRY(Pipe input, make_pipe());
  TRY(Pipe answers, make_pipe());
  Pipe output;
  if (options.capture_stdout) {
    TRY(output, make_pipe());
  }
  const Wiring wiring{input.read_end.get(), answers.write_end.get(), output.write_end.get()};
  const int result = spawn(options, wiring, child.pid_);
  if (result != 0) return base::error_from_errno(result, "starting " + options.arguments.front());
  child.input_ = std::move(input.write_end);
  child.answers_ = std::move(answers.read_end);
  child.output_ = std::move(output.read_end);
  child.settle_fds();
  return child;
}

Child Child::adopt(pid_t pid, base::UniqueFd input, base::UniqueFd answers, int children) {
  Child child;
  child.children_ = children;
  child.pid_ = pid;
  child.input_ = std::move(input);
  child.answers_ = std::move(answers);
  for (const int fd : {child.input_.get(), child.answers_.get()}) {
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETPIPE_SZ, kPipeBytes);  // a wish
  }
  child.settle_fds();
  child.reap();  // it may have ended before anybody looked
  return child;
}

void Child::settle_fds() {
  for (const base::UniqueFd* fd : {&input_, &answers_, &output_}) {
    if (fd->valid()) set_nonblocking(fd->get());
  }
}

void reap_orphans(int children) {
  clear(children);
  while (waitpid(-1, nullptr, WNOHANG) > 0) continue;
}

void Child::reap() {
  clear(children_);
  for (;;) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return;
    if (pid != pid_) continue;
    alive_ = false;
    wait_status_ = status;
  }
}

bool Child::tend() {
  reap();
  if (output_.valid()) read_output();
  return alive_;
}

void Child::read_output() {
  LineReader::Read read = LineReader::Read::kSome;
  while (read == LineReader::Read::kSome) read = output_lines_.fill(output_.get());
  if (read == LineReader::Read::kEnd) output_.reset();
}

void Child::wait_for_end() {
  while (tend()) {
    pollfd events[] = {{children_, POLLIN, 0}, {output_.get(), POLLIN, 0}};
    poll(events, 2, -1);
  }
}

// Writes what fits. False when the child does not read any more.
bool Child::push(std::string& text) {
  const ssize_t written = write(input_.get(), text.data(), text.size());
  if (written >= 0) {
    text.erase(0, static_cast<std::size_t>(written));
    return true;
  }
  return errno == EAGAIN || errno == EINTR;
}

Child::Answer Child::exchange(std::string text) {
  if (answers_.valid() && answer_lines_.fill(answers_.get()) == LineReader::Read::kEnd) {
    answers_.reset();
  }
  if (!answer_lines_.empty()) return {End::kUnasked, ""};
  bool reading = push(text);
  for (;;) {
    if (auto line = answer_lines_.take_line()) {
      if (!answer_lines_.empty()) return {End::kTooMany, ""};
      return {End::kLine, std::move(*line)};
    }
    if (!alive_) return {End::kExited, ""};
    if (!answers_.valid()) return {End::kClosed, ""};
    pollfd events[] = {{answers_.get(), POLLIN, 0},
                       {children_, POLLIN, 0},
                       {output_.get(), POLLIN, 0},
                       {reading && !text.empty() ? input_.get() : -1, POLLOUT, 0}};
    if (poll(events, 4, -1) < 0) continue;
    if (events[3].revents != 0) reading = push(text);
    if (events[2].revents != 0) read_output();
    if (events[0].revents != 0 && answer_lines_.fill(answers_.get()) == LineReader::Read::kEnd) {
      answers_.reset();
    }
    if (events[1].revents != 0) {
      reap();
      // An answer that it wrote before it ended still counts.
      if (!alive_ && answers_.valid()) answer_lines_.fill(answers_.get());
    }
  }
}

}  // namespace proxy
