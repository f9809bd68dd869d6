// A session serves one mount: it reads the kernel's requests, hands them to a FileSystem, and sends
// the answers. Only this library knows libfuse and the kernel's protocol. It takes the signal
// SIGRTMIN + 7 to wake its own threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "storage_fuse/file_system.h"

namespace storage_fuse {

struct SessionOptions {
  // Blocked requests are parked and hold no thread, so a few do.
  unsigned threads = 2;
  // How long a thread looks for the next request before it sleeps: waking it up on another core
  // costs 40 to 100 microseconds on a virtual machine. Burns that much of a core per pause.
  std::chrono::microseconds spin{0};
  // Thread i stays on cpus[i % size]; empty: wherever the kernel likes.
  std::vector<int> cpus;
  // False: as on a kernel without passthrough. A mount's first session decides, for all after it.
  bool passthrough = true;
  bool locks_by_file_system = false;
};

// Tells the kernel what it must not believe any longer.
//
// Threads: any, but never inside a method of the FileSystem, nor with a lock held that one takes:
// the kernel waits for operations on that directory or file that are under way.
// Errors: kNotFound where the kernel does not know the name or node, which is as good;
// kUnavailable when the mount is gone; kUnsupported.
class Notifier {
 public:
  virtual ~Notifier() = default;

  // What `name` in `parent` leads to is asked anew at its next use.
  virtual base::Status invalidate_entry(NodeId parent, std::string_view name) = 0;
  // Attributes are asked anew, and cached pages of the range are dropped; `length` 0: to the end. A
  // negative offset: attributes only.
  virtual base::Status invalidate_node(NodeId node, std::int64_t offset, std::int64_t length) = 0;
  // Every name of the mount is asked anew at its next use. Linux 6.16; kUnsupported before.
  virtual base::Status increment_epoch() = 0;
};

// Threads: any method from any thread.
class Session {
 public:
  // Serves the mount whose /dev/fuse descriptor is `device`; both descriptors are duplicated.
  // `state` is the mount's memory (make_mount): it tells a session whether there was one before it,
  // and what is open. `files` outlives the session and every Reply. No two sessions serve one
  // mount at a time.
  static base::Result<std::unique_ptr<Session>> start(int device, int state, FileSystem& files,
                                                      SessionOptions options,
                                                      const base::Logger& log);
  // stop().
  virtual ~Session() = default;

  // No further request is read when this returns. Requests that are not answered stay with the
  // kernel: a successor gets them again, and they fail when the mount goes away. Replies may still
  // be answered for as long as the process lives.
  virtual void stop() = 0;

  // Waits until the mount is gone (unmounted, or aborted) or stop() was called. False: not yet.
  virtual bool wait_ended(std::chrono::milliseconds timeout) = 0;

  virtual Notifier& notifier() = 0;

  struct Figures {
    std::uint64_t requests = 0;    // read from the kernel, all kinds
    std::uint64_t in_flight = 0;   // not answered yet
    std::uint64_t open_files = 0;  // nodes that are open, where the kernel has passthrough
  };
  virtual Figures figures() const = 0;
};

}  // namespace storage_fuse
