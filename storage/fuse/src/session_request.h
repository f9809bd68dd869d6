// One request of the kernel, and the ways to answer it.
//
// Threads: one at a time, as the Reply that owns it.
#pragma once

#define FUSE_USE_VERSION 312
#include <fuse3/fuse_lowlevel.h>

#include <memory>
#include <optional>

#include "core.h"
#include "storage_fuse/reply.h"

namespace storage_fuse {

class SessionRequest final : public Request {
 public:
  // What of the request the answer depends on.
  struct About {
    std::uint32_t opcode = 0;
    NodeId node = 0;
    std::uint64_t unique = 0;  // as it came, with its high bit
    int open_flags = 0;
    std::optional<std::uint32_t> attribute_bytes_max;  // of getxattr and listxattr; 0: the size
  };
  SessionRequest(std::shared_ptr<Core> core, fuse_req_t request, const About& about);

  const Caller& caller() const override { return caller_; }
  bool resent() const override;
  std::uint64_t unique() const override;
  bool on_interrupt(std::function<void()> call) override {
    return link_.on_interrupt(std::move(call));
  }

  void fail(int error) override;
  void dropped() override;
  void answer(Done) override;
  void answer(const Node& node) override;
  void answer(const Attributes& attributes) override;
  void answer(Opened opened) override;
  void answer(Created created) override;
  void answer(OpenedDirectory opened) override;
  void answer(Bytes bytes) override;
  void answer(std::string_view target) override;
  void answer(Count count) override;
  void answer(const DirectoryPage& page) override;
  void answer(const struct statvfs& figures) override;
  void answer(const FileLock& lock) override;

 private:
  bool send(const void* bytes, std::size_t size);
  template <typename T>
  bool send(const T& value) {
    return send(static_cast<const void*>(&value), sizeof value);
  }
  void send_error(int error);
  void count_release();
  void undo_open(NodeId node, Handle handle);

  const std::shared_ptr<Core> core_;
  const fuse_req_t request_;
  const About about_;
  const Caller caller_;
  InFlight::Link link_;
};

}  // namespace storage_fuse
