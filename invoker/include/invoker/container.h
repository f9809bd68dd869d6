// Containers as the invoker sees them, and who makes them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "invoker/health.h"

namespace invoker {

// What an HTTP call to a container came to. Contract §7.4 turns it into an outcome.
enum class CallError {
  kNone,               // there is an answer
  kConnectionRefused,  // nobody listens: nothing was sent
  kConnectionLost,     // it was sent, and the connection broke
  kTimeout,            // the deadline passed
  kNoResponse,         // an answer without Content-Length: read and discarded
};

struct CallOutcome {
  CallError error = CallError::kNone;
  int status = 0;
  std::string body;                 // cut to the truncation size where `truncated`
  std::int64_t content_length = 0;  // as announced
  bool truncated = false;
  std::chrono::microseconds elapsed{};
  std::int64_t start_ms = 0;  // epoch ms
  std::int64_t end_ms = 0;
};

// How much of an answer is kept: whole up to `max_bytes`, else the first `truncation_bytes`.
struct ResponseBounds {
  std::int64_t max_bytes = 1 << 20;
  std::int64_t truncation_bytes = 1 << 20;
};

// One line that the action wrote.
struct LogLine {
  base::WallTime time;
  bool is_stderr = false;
  std::string text;  // without its line end
};

struct LogRequest {
  std::int64_t limit_bytes = 10 << 20;
  bool wait_for_sentinels = true;  // false: take what is there
};

struct CollectedLogs {
  std::vector<LogLine> lines;
  bool truncated = false;  // the limit was reached
  bool failed = false;     // the sentinels did not come, or a line was broken
};

// What the ids mean that the files of a mount are stored with.
enum class FileOwners {
  kHost,       // ids of the host; those that stand for no id of the container are nobody's there
  kContainer,  // ids as every container counts them, whatever ids of the host stand for them;
               // kActionOwner is whoever runs the action, whatever that is called there
};
inline constexpr std::uint32_t kActionOwner = 1000;

// A directory to be seen inside a container for the length of one activation.
struct Mount {
  std::string target;   // absolute path inside the container
  base::UniqueFd tree;  // an open_tree(2) clone, not attached anywhere
  bool read_only = false;
  FileOwners owners = FileOwners::kHost;
};

enum class DetachOutcome {
  kClean,  // nothing in the container refers to it any more
  kHeld,   // a process still holds files of it: this container must not be used again
};

// What a container is made for and how large it may grow.
struct ContainerSpec {
  std::string name;   // contract §5.9
  std::string kind;   // "python:3", "blackbox", ...
  std::string image;  // blackbox only
  std::int64_t memory_bytes = 256LL << 20;
  int cpu_shares = 2;                                            // contract §5.9
  std::vector<std::pair<std::string, std::string>> environment;  // such as __OW_API_HOST
};

// A running container. Destroying the object destroys the container if destroy() was not called.
//
// Threads: one thread at a time, except post(), which may run in several threads up to the action's
// concurrency, and kill(), which any thread may call at any time until the object is destroyed.
// Time: every call blocks; those without a deadline are bounded by the implementation.
class Container {
 public:
  virtual ~Container() = default;

  virtual const std::string& id() const = 0;

  // Sends one JSON body to `path` ("/init" or "/run"). With `retry_refused`, a refused connection
  // is tried again every 50 ms until the deadline (for /init; never for /run). kConnectionRefused
  // for a container that had ended before the call: nobody's fault who comes later.
  virtual CallOutcome post(const std::string& path, const std::string& body, base::Instant deadline,
                           const ResponseBounds& bounds, bool retry_refused) = 0;

  // Stops every process where it stands; resume() lets them go on. kUnavailable when it did not
  // happen within a second.
  virtual base::Status pause() = 0;
  virtual base::Status resume() = 0;

  // Puts `mount` at its target, which may lie inside an earlier mount: its folder has to be there
  // then. kInvalidArgument where the container does not allow that place,
  // kAlreadyExists where something is mounted there, kUnsupported where the kernel or the file
  // system of the mount cannot have `owners`.
  virtual base::Status attach(Mount mount) = 0;
  // Takes out what is at `target`. kNotFound when nothing was attached there.
  virtual base::Result<DetachOutcome> detach(const std::string& target) = 0;

  // What the action wrote since the last call, up to both sentinels (contract §8.2). A container
  // whose runtime prints none gives what is there.
  virtual CollectedLogs logs(const LogRequest& request) = 0;

  // Whether the kernel killed a process of it for want of memory since it was made.
  virtual bool memory_exhausted() = 0;

  // A descriptor that polls readable once the container has ended, whoever ended it; -1 where none
  // is to be had. The container's own, to be used until the object is destroyed.
  virtual int end_descriptor() const = 0;

  // Ends every process, so that calls under way break. Idempotent; destroy() is still wanted.
  virtual void kill() = 0;

  // Ends every process and gives back every resource. Idempotent.
  virtual void destroy() = 0;
};

// Makes containers. Threads: any.
class ContainerFactory {
 public:
  virtual ~ContainerFactory() = default;

  // A container whose runtime may still be starting: /init is retried until it answers.
  // Errors: kUnsupported for a kind or image that cannot be run here; kNotFound for an image that
  // lacks the program it starts, with the sentence for the action's developer; kUnavailable or
  // kInternal when provisioning failed.
  virtual base::Result<std::unique_ptr<Container>> create(const ContainerSpec& spec) = 0;

  // For the end of a program: every create() under way and to come fails with kUnavailable, within
  // a second or two. What is made of one after all is removed. Where none waits for anybody there
  // is nothing to do.
  virtual void cancel_creations() {}

  // Removes what an earlier process of this invoker left behind. Called once, before create().
  virtual base::Status remove_leftovers() = 0;

  // Whether containers can be made, as far as is known: nobody is asked, nothing is waited for.
  virtual Health health() const = 0;
};

}  // namespace invoker
