// A connection to ZooKeeper. The only place, with id_book.cc, that knows its client's names.
#pragma once

#include <zookeeper/zookeeper.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace invoker_zookeeper {

struct Node {
  std::string bytes;
  std::int32_t version = 0;
};

// One change of several that are made together or not at all.
struct Change {
  enum class Kind { kCreate, kSet, kRemove };
  Kind kind;
  std::string path;
  std::string bytes;
  std::int32_t version = -1;  // kSet, kRemove: only if the node has it
};

// Threads: one at a time. Time: a call ends when the server is silent for some seconds.
// Errors: kNotFound (no such node), kConflict (another version, or it exists already, or is gone),
// kUnavailable, kPermissionDenied.
class Session {
 public:
  // Waits until connected.
  static base::Result<std::unique_ptr<Session>> open(const std::string& hosts,
                                                     base::Instant deadline);

  base::Result<Node> get(const std::string& path);
  // Names; none where there is no such node.
  base::Result<std::vector<std::string>> children(const std::string& path);
  base::Status change(const std::vector<Change>& changes);
  // Makes the node and those above it where they are missing.
  base::Status ensure(const std::string& path, const std::string& bytes);

 private:
  struct Close {
    void operator()(zhandle_t* handle) const { zookeeper_close(handle); }
  };

  Session() = default;
  static void on_event(zhandle_t* handle, int type, int state, const char* path, void* self);
  base::Status await_connection(const std::string& hosts, base::Instant deadline);

  std::mutex mutex_;  // guards state_
  std::condition_variable changed_;
  int state_ = 0;
  std::unique_ptr<zhandle_t, Close> handle_;  // goes first: its threads call on_event
};

}  // namespace invoker_zookeeper
