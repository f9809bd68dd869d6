#include "contents.h"

namespace storage_daemon {

int errno_of(const base::Error& error) {
  switch (error.code) {
    case base::ErrorCode::kNoSpace:
      return ENOSPC;
    case base::ErrorCode::kConflict:  // the snapshot has lapsed
      return ESTALE;
    case base::ErrorCode::kUnsupported:
      return EOPNOTSUPP;
    default:
      return EIO;
  }
}

Wait copy_to_staging(std::shared_ptr<Attempt> attempt, ContentCache& cache,
                     storage_overlay::View view, storage::Content content) {
  return [attempt = std::move(attempt), &cache, view = std::move(view),
          content = std::move(content)]() -> base::Status {
    const auto bytes = static_cast<std::int64_t>(content.size);
    const auto fill = [&](int fd) -> base::Status {
      if (content.writer.empty()) {
        attempt->traffic().local += bytes;
        return fetch_content(attempt->tree(), view.inode, content, fd);
      }
      TRY(const auto copy, cache.get(attempt->tree(), attempt->facts().space, view.inode, content));
      (copy.was_here ? attempt->traffic().local : attempt->traffic().remote) += bytes;
      return copy_file(copy.fd.get(), fd);
    };
    return attempt->staging().put(view.inode, view.attributes.modified, fill);
  };
}

}  // namespace storage_daemon
