// The daemon's end of the control socket.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "storage_control/protocol.h"

namespace storage_control {

// What answers the calls. Threads: any method from several at once; each may block.
class ControlHandler {
 public:
  virtual ~ControlHandler() = default;

  // Of the mount, for the client to find its attempts below.
  virtual base::Result<base::UniqueFd> mount() = 0;
  virtual base::Result<Opened> open(const std::string& client, const Open& call) = 0;
  virtual base::Result<storage::VolumeReport> finish(const std::string& client,
                                                     const Finish& call) = 0;
  // A client with a name has come, or its last connection has ended.
  virtual void arrived(const std::string& client) = 0;
  virtual void left(const std::string& client) = 0;

  virtual base::Result<base::Json> list(const List& call) = 0;
  virtual base::Result<base::Json> stat(const Stat& call) = 0;
  virtual base::Result<base::Json> usage(const Usage& call) = 0;
  virtual base::Result<base::Json> remove(const Remove& call) = 0;
  virtual base::Result<base::Json> copy(const Copy& call, base::UniqueFd file) = 0;
  virtual base::Result<base::Json> share(const Share& call) = 0;
  virtual base::Result<base::Json> unshare(const Unshare& call) = 0;
  virtual base::Result<base::Json> collect(const Collect& call) = 0;
  virtual base::Result<base::Json> check(const Check& call) = 0;
  virtual base::Result<base::Json> metrics() = 0;
};

struct ControlServerOptions {
  std::string node;
  std::size_t connections_max = 64;
  std::size_t threads = 16;        // calls at once
  std::size_t waiting_max = 4096;  // more: kUnavailable
  uid_t user = 0;                  // who may connect, beside nobody
};

// Threads: one that listens and reads, and those that answer. Destruction refuses what waits, and
// waits for what runs.
class ControlServer {
 public:
  // `socket` listens (listen_on()). `handler` and what the log needs outlive it.
  static base::Result<std::unique_ptr<ControlServer>> start(base::UniqueFd socket,
                                                            ControlServerOptions options,
                                                            ControlHandler& handler,
                                                            base::Logger log);
  ~ControlServer();

 private:
  class Impl;
  explicit ControlServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace storage_control
