#pragma once

#include "storage_fuse/session.h"
#include "transport.h"

namespace storage_fuse {

class KernelNotifier final : public Notifier {
 public:
  explicit KernelNotifier(Transport& transport) : transport_(transport) {}

  base::Status invalidate_entry(NodeId parent, std::string_view name) override;
  base::Status invalidate_node(NodeId node, std::int64_t offset, std::int64_t length) override;
  base::Status increment_epoch() override;
  // All requests that were read and not answered come again.
  base::Status resend();

 private:
  base::Status notify(int code, std::span<const iovec> parts, std::string_view what);

  Transport& transport_;
};

}  // namespace storage_fuse
