#include "session_request.h"

#include <cerrno>

#include "wire.h"

namespace storage_fuse {
namespace {

// For what the kernel does not wait for.
class Nobody final : public Request {
 public:
  const Caller& caller() const override { return caller_; }
  bool resent() const override { return false; }
  std::uint64_t unique() const override { return 0; }
  bool on_interrupt(std::function<void()>) override { return true; }
  void fail(int) override {}
  void dropped() override {}
  void answer(Done) override {}
  void answer(const Node&) override {}
  void answer(const Attributes&) override {}
  void answer(Opened) override {}
  void answer(Created) override {}
  void answer(OpenedDirectory) override {}
  void answer(Bytes) override {}
  void answer(std::string_view) override {}
  void answer(Count) override {}
  void answer(const DirectoryPage&) override {}
  void answer(const struct statvfs&) override {}
  void answer(const FileLock&) override {}

 private:
  Caller caller_;
};

Caller caller_of(fuse_req_t request) {
  const fuse_ctx* context = ::fuse_req_ctx(request);
  return {context->uid, context->gid, context->pid, context->umask};
}

std::uint32_t flags_of(const Opened& opened) {
  std::uint32_t flags = 0;
  if (opened.direct_io) flags |= FOPEN_DIRECT_IO;
  if (opened.keep_cache) flags |= FOPEN_KEEP_CACHE;
  if (opened.no_flush) flags |= FOPEN_NOFLUSH;
  if (opened.parallel_writes) flags |= FOPEN_PARALLEL_DIRECT_WRITES;
  if (opened.non_seekable) flags |= FOPEN_NONSEEKABLE;
  return flags;
}

// How the kernel shall treat an open of `node`; nullopt when too many files are open.
std::optional<wire::OpenOut> open_out(Core& core, NodeId node, const Opened& opened,
                                      std::uint64_t unique, bool resent) {
  wire::OpenOut out{opened.handle, flags_of(opened), 0};
  OpenTable* opens = core.opens;
  if (opens == nullptr) return out;
  const auto open = opens->add(node, unique, resent, opened.backing.get());
  if (!open.counted) return std::nullopt;
  if (open.backing_id == 0) return out;
  // The kernel refuses all other flags together with passthrough. Who gave no backing file wants
  // to serve reads and writes itself.
  out.open_flags &= FOPEN_DIRECT_IO | FOPEN_PARALLEL_DIRECT_WRITES | FOPEN_NOFLUSH;
  if (!opened.backing.valid()) out.open_flags |= FOPEN_DIRECT_IO;
  out.open_flags |= wire::kOpenPassthrough;
  out.backing_id = open.backing_id;
  return out;
}

}  // namespace

SessionRequest::SessionRequest(std::shared_ptr<Core> core, fuse_req_t request, const About& about)
    : core_(std::move(core)),
      request_(request),
      about_(about),
      caller_(caller_of(request)),
      link_(core_->in_flight, about.unique) {}

bool SessionRequest::resent() const { return (about_.unique & wire::kResentBit) != 0; }
std::uint64_t SessionRequest::unique() const { return about_.unique & ~wire::kResentBit; }

bool SessionRequest::send(const void* bytes, std::size_t size) {
  return ::fuse_reply_buf(request_, static_cast<const char*>(bytes), size) == 0;
}

void SessionRequest::send_error(int error) { ::fuse_reply_err(request_, error); }

void SessionRequest::fail(int error) {
  count_release();  // the kernel forgets the open, whatever the answer is
  send_error(error);
}

void SessionRequest::dropped() {
  if (core_->stopping) {
    ::fuse_reply_none(request_);  // sends nothing
  } else {
    fail(EIO);
  }
}

void SessionRequest::answer(Done) {
  count_release();
  send_error(0);
}

void SessionRequest::count_release() {
  OpenTable* opens = core_->opens;
  if (about_.opcode == FUSE_RELEASE && opens != nullptr) {
    opens->remove(about_.node, unique(), resent());
  }
}

void SessionRequest::answer(const Node& node) {
  const bool taken = send(wire::entry_of(node));
  if (!taken && node.id != 0) core_->files.forget(node.id, 1);
}

void SessionRequest::answer(const Attributes& attributes) { send(wire::attributes_of(attributes)); }

void SessionRequest::undo_open(NodeId node, Handle handle) {
  if (OpenTable* opens = core_->opens) opens->remove(node, 0, false);
  core_->files.release(node, handle, about_.open_flags, Reply<Done>(std::make_unique<Nobody>()));
}

void SessionRequest::answer(Opened opened) {
  const auto out = open_out(*core_, about_.node, opened, unique(), resent());
  if (!out) {
    send_error(ENFILE);
    core_->files.release(about_.node, opened.handle, about_.open_flags,
                         Reply<Done>(std::make_unique<Nobody>()));
    return;
  }
  if (!send(*out)) undo_open(about_.node, opened.handle);
}

void SessionRequest::answer(Created created) {
  const NodeId node = created.node.id;
  const auto open = open_out(*core_, node, created.file, unique(), resent());
  if (!open) {
    send_error(ENFILE);
    core_->files.release(node, created.file.handle, about_.open_flags,
                         Reply<Done>(std::make_unique<Nobody>()));
    core_->files.forget(node, 1);
    return;
  }
  if (send(wire::CreateOut{wire::entry_of(created.node), *open})) return;
  undo_open(node, created.file.handle);
  core_->files.forget(node, 1);
}

void SessionRequest::answer(OpenedDirectory opened) {
  std::uint32_t flags = 0;
  if (opened.cache) flags |= FOPEN_CACHE_DIR;
  if (opened.keep_cache) flags |= FOPEN_KEEP_CACHE;
  if (!send(wire::OpenOut{opened.handle, flags, 0})) {
    core_->files.releasedir(about_.node, opened.handle, Reply<Done>(std::make_unique<Nobody>()));
  }
}

void SessionRequest::answer(Bytes bytes) {
  if (!about_.attribute_bytes_max) {
    send(bytes.data(), bytes.size());
  } else if (*about_.attribute_bytes_max == 0) {
    send(fuse_getxattr_out{static_cast<std::uint32_t>(bytes.size()), 0});
  } else if (bytes.size() > *about_.attribute_bytes_max) {
    send_error(ERANGE);
  } else {
    send(bytes.data(), bytes.size());
  }
}

void SessionRequest::answer(std::string_view target) { send(target.data(), target.size()); }

void SessionRequest::answer(Count count) {
  if (about_.opcode == FUSE_LSEEK) {
    send(fuse_lseek_out{count});
  } else {
    send(fuse_write_out{static_cast<std::uint32_t>(count), 0});
  }
}

void SessionRequest::answer(const DirectoryPage& page) {
  if (send(page.bytes().data(), page.bytes().size())) return;
  for (const NodeId node : page.looked_up()) core_->files.forget(node, 1);
}

void SessionRequest::answer(const struct statvfs& figures) {
  ::fuse_reply_statfs(request_, &figures);
}

void SessionRequest::answer(const FileLock& lock) {
  fuse_lk_out out{};
  out.lk = {lock.start, lock.end, static_cast<std::uint32_t>(lock.type),
            static_cast<std::uint32_t>(lock.pid)};
  send(out);
}

}  // namespace storage_fuse
