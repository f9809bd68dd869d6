#include "notifier.h"

#include <cerrno>
#include <string>
#include <vector>

#include "wire.h"

namespace storage_fuse {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Status;

namespace {

iovec part(const void* bytes, std::size_t size) {
  return {const_cast<void*>(bytes), size};  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

}  // namespace

Status KernelNotifier::notify(int code, std::span<const iovec> parts, std::string_view what) {
  fuse_out_header header{};
  header.error = code;
  std::vector<iovec> all{part(&header, sizeof header)};
  all.insert(all.end(), parts.begin(), parts.end());
  for (const iovec& one : all) header.len += static_cast<std::uint32_t>(one.iov_len);
  const int error = -transport_.send(all);
  if (error == 0) return {};
  if (error == EINVAL) {
    return Error{ErrorCode::kUnsupported, std::string(what) + ": this kernel cannot"};
  }
  if (error == ENODEV || error == ENOTCONN) {
    return Error{ErrorCode::kUnavailable, std::string(what) + ": the mount is gone"};
  }
  return error_from_errno(error, what);
}

Status KernelNotifier::invalidate_entry(NodeId parent, std::string_view name) {
  const fuse_notify_inval_entry_out out{parent, static_cast<std::uint32_t>(name.size()), 0};
  const iovec parts[] = {part(&out, sizeof out), part(name.data(), name.size()), part("", 1)};
  return notify(FUSE_NOTIFY_INVAL_ENTRY, parts, "invalidating a name");
}

Status KernelNotifier::invalidate_node(NodeId node, std::int64_t offset, std::int64_t length) {
  const fuse_notify_inval_inode_out out{node, offset, length};
  const iovec parts[] = {part(&out, sizeof out)};
  return notify(FUSE_NOTIFY_INVAL_INODE, parts, "invalidating a node");
}

Status KernelNotifier::increment_epoch() {
  return notify(wire::kNotifyIncrementEpoch, {}, "invalidating all names");
}

Status KernelNotifier::resend() {
  return notify(wire::kNotifyResend, {}, "asking for the requests in flight");
}

}  // namespace storage_fuse
