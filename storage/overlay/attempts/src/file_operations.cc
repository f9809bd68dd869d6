// Requests about open files. With passthrough, few come here: reads and writes of files that the
// kernel must not or cannot read by itself.
#include <fcntl.h>
#include <linux/falloc.h>
#include <unistd.h>

#include <cerrno>

#include "serve.h"

namespace storage_attempts {
namespace {

using Attempt = AttemptFileSystem::Attempt;

// Where the bytes of a file can be had at once: a descriptor, or the bytes themselves.
struct Source {
  std::shared_ptr<const base::UniqueFd> fd;
  std::optional<Content> content;  // inline, or too large for the cache
};

Answer<Source> source_of(Attempt& a, InodeNumber inode, fuse::Handle handle) {
  Source source;
  if (is_ephemeral(handle)) {
    auto file = a.ephemeral->file(inode, handle);
    if (!file.ok()) return fail(EIO);
    source.fd = std::move(*file);
    return source;
  }
  TRY(const View view, a.overlay.view(inode));
  if (view.staged) {
    TRY(source.fd, a.staging_file(inode));
    return source;
  }
  TRY(Content content, a.overlay.content(inode));
  if (content.writer.empty() || content.size > a.system.cached_file_bytes_max) {
    source.content = std::move(content);
    return source;
  }
  TRY(const auto cached, a.cached_file(inode, content));
  source.fd = cached->fd();
  return source;
}

Answer<std::shared_ptr<const base::UniqueFd>> target_of(Attempt& a, InodeNumber inode,
                                                        fuse::Handle handle) {
  if (is_ephemeral(handle)) {
    TRY(const Source source, source_of(a, inode, handle));
    return source.fd;
  }
  TRY(const View view, a.overlay.view(inode));
  if (!view.staged) return fail(EBADF);
  TRY(std::shared_ptr<const base::UniqueFd> fd, a.staging_file(inode));
  return fd;
}

const std::shared_ptr<ByteBudget>& budget_of(const Attempt& a, fuse::Handle handle) {
  return is_ephemeral(handle) ? a.options.ephemeral_budget : a.options.staged_budget;
}

Answer<std::string> read_now(const Source& source, std::uint64_t offset, std::size_t bytes) {
  if (source.content) {
    const auto& all = source.content->bytes;
    return all.substr(std::min<std::uint64_t>(offset, all.size()), bytes);
  }
  std::string buffer(bytes, '\0');
  const ssize_t got = ::pread(source.fd->get(), buffer.data(), bytes, static_cast<off_t>(offset));
  if (got < 0) return fail(errno);
  buffer.resize(static_cast<std::size_t>(got));
  return buffer;
}

// In an attempt that is over, writing does no harm and has no effect.
bool is_over(const std::shared_ptr<Attempt>& attempt) {
  if (!attempt) return true;
  const std::lock_guard lock(attempt->mutex);
  return attempt->dropped;
}

Answer<std::uint64_t> seek_in(const Content& content, std::uint64_t offset, int whence) {
  if (offset >= content.size) return fail(ENXIO);
  if (content.writer.empty()) return whence == SEEK_DATA ? offset : content.size;
  constexpr std::uint64_t kObject = storage::kDataObjectBytes;
  for (const auto& run : content.objects) {
    const std::uint64_t start = run.first * kObject;
    const std::uint64_t end = std::min(start + run.count * kObject, content.size);
    if (offset >= end) continue;
    if (whence == SEEK_DATA) return std::max(offset, start);
    return offset < start ? offset : end;
  }
  if (whence == SEEK_DATA) return fail(ENXIO);
  return offset;
}

// What a map wrote after the last close(2) is published, too; nobody waits for that.
void release_published(const std::shared_ptr<Attempt>& attempt, InodeNumber inode, int flags,
                       fuse::Reply<fuse::Done> reply) {
  const Asked asked(reply);
  const auto shared = std::make_shared<fuse::Reply<fuse::Done>>(std::move(reply));
  perform<storage_overlay::Done>(
      attempt, [=](Attempt& a) { return a.publish_file(inode, asked.unique); },
      [=](const Answer<storage_overlay::Done>&) {
        {
          const std::lock_guard lock(attempt->mutex);
          if (!attempt->dropped) attempt->close_file(inode, flags);
          attempt->write_journal();
        }
        shared->ok();
      });
}

}  // namespace

void AttemptFileSystem::open(NodeId node, const storage_fuse::OpenHow& how,
                             Reply<storage_fuse::Opened> reply) {
  const auto attempt = attempt_of(node);
  if (attempt && attempt->ephemeral) {
    std::unique_lock lock(attempt->mutex);
    const auto view = attempt->overlay.view(inode_of(node));
    lock.unlock();
    if (view.ok() && view->tier == hints::Tier::kEphemeral)
      return open_ephemeral(attempt, inode_of(node), how.flags, std::move(reply));
  }
  serve_fresh<storage_fuse::Opened>(attempt, std::move(reply), [node, how](Attempt& a) {
    return a.open_file(inode_of(node), how.flags, how.kill_set_ids);
  });
}

void AttemptFileSystem::release(NodeId node, Handle handle, int flags,
                                Reply<storage_fuse::Done> reply) {
  const auto attempt = attempt_of(node);
  if (attempt && is_ephemeral(handle)) {
    attempt->ephemeral->close(inode_of(node), handle);
  } else if (attempt && attempt->publishes_at_once() && handle == kDurableWriter) {
    return release_published(attempt, inode_of(node), flags, std::move(reply));
  } else if (attempt) {
    const std::lock_guard lock(attempt->mutex);
    if (!attempt->dropped) attempt->close_file(inode_of(node), flags);
  }
  reply.ok();
}

void AttemptFileSystem::read(NodeId node, Handle handle, std::uint64_t offset, std::size_t bytes,
                             Reply<storage_fuse::Bytes> reply) {
  const auto attempt = attempt_of(node);
  if (!attempt) return reply.fail(ESTALE);
  if (is_ephemeral(handle))
    return read_ephemeral(attempt, inode_of(node), handle, offset, bytes, std::move(reply));
  // What is too large for the cache is asked of the store, piece by piece.
  std::optional<Content> large;
  {
    const std::lock_guard lock(attempt->mutex);
    const auto source = source_of(*attempt, inode_of(node), handle);
    if (source.ok() && source->content && !source->content->writer.empty()) large = source->content;
  }
  if (!large)
    return serve<std::string>(attempt, std::move(reply), [=](Attempt& a) -> Answer<std::string> {
      TRY(const Source source, source_of(a, inode_of(node), handle));
      return read_now(source, offset, bytes);
    });
  const auto shared = std::make_shared<Reply<storage_fuse::Bytes>>(std::move(reply));
  attempt->options.source->read(inode_of(node), *large, offset, bytes, [=](auto result) {
    if (!result.ok()) return shared->fail(EIO);
    {
      const std::lock_guard lock(attempt->mutex);
      attempt->moved.read_remote_bytes += static_cast<std::int64_t>(result->size());
    }
    shared->ok(std::as_bytes(std::span(result->data(), result->size())));
  });
}

void AttemptFileSystem::write(NodeId node, Handle handle, std::uint64_t offset,
                              std::span<const std::byte> bytes, const storage_fuse::WriteHow& how,
                              Reply<storage_fuse::Count> reply) {
  const auto attempt = attempt_of(node);
  if (is_over(attempt)) return reply.ok(bytes.size());
  std::string copy(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (is_ephemeral(handle)) {
    const int error = attempt->ephemeral->write(inode_of(node), handle, offset, copy);
    if (error == 0) return reply.ok(copy.size());
    if (how.from_page_cache) {
      const std::lock_guard lock(attempt->mutex);
      attempt->note_lost(inode_of(node), error);
    }
    return reply.fail(error);
  }
  serve<storage_fuse::Count>(
      attempt, std::move(reply),
      [=, copy = std::move(copy)](Attempt& a) -> Answer<storage_fuse::Count> {
        TRY(const View view, a.overlay.view(inode_of(node)));
        if (!view.staged) return fail(EIO);
        TRY(const auto fd, a.staging_file(inode_of(node)));
        const int error = a.write_staged(*fd, copy, offset);
        if (error != 0 && how.from_page_cache) a.note_lost(inode_of(node), error);
        if (error != 0) return fail(error);
        if (how.kill_set_ids) {
          storage_overlay::AttributeChange change;
          change.drop_privileges = true;
          TRY_STATUS(a.overlay.change(inode_of(node), change, {0, 0, file_time_now()}));
        }
        return storage_fuse::Count{copy.size()};
      });
}

// Where closing a file publishes it: what is not published now, close(2) says.
void AttemptFileSystem::flush(NodeId node, Handle handle, std::uint64_t,
                              Reply<storage_fuse::Done> reply) {
  const auto attempt = attempt_of(node);
  if (handle != kDurableWriter || is_over(attempt) || !attempt->publishes_at_once())
    return reply.ok();
  const Asked asked(reply);
  serve<storage_overlay::Done>(attempt, std::move(reply), [node, asked](Attempt& a) {
    return a.publish_file(inode_of(node), asked.unique);
  });
}

// What is in staging is as safe as the attempt: its commit makes it durable. That of an attempt
// that publishes on the way is now.
void AttemptFileSystem::fsync(NodeId node, Handle handle, bool, Reply<storage_fuse::Done> reply) {
  const auto attempt = attempt_of(node);
  if (is_ephemeral(handle) || is_over(attempt) || !attempt->publishes()) return reply.ok();
  const Asked asked(reply);
  serve<storage_overlay::Done>(attempt, std::move(reply), [node, asked](Attempt& a) {
    return a.publishes_at_once() ? a.publish_file(inode_of(node), asked.unique)
                                 : a.publish_all(asked.unique);
  });
}

void AttemptFileSystem::fallocate(NodeId node, Handle handle, int mode, std::uint64_t offset,
                                  std::uint64_t length, Reply<storage_fuse::Done> reply) {
  const auto attempt = attempt_of(node);
  if (is_over(attempt)) return reply.ok();
  serve<storage_overlay::Done>(
      attempt, std::move(reply), [=](Attempt& a) -> Answer<storage_overlay::Done> {
        TRY_STATUS(a.may_change());
        TRY(const auto fd, target_of(a, inode_of(node), handle));
        const auto& budget = budget_of(a, handle);
        if (budget && mode != 0 && mode != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
          return fail(EOPNOTSUPP);
        const std::uint64_t end = mode == 0 ? offset + length : 0;
        if (const int error = make_room(budget.get(), fd->get(), end); error != 0)
          return fail(error);
        if (::fallocate(fd->get(), mode, static_cast<off_t>(offset), static_cast<off_t>(length)) !=
            0)
          return fail(errno);
        return storage_overlay::Done{};
      });
}

void AttemptFileSystem::lseek(NodeId node, Handle handle, std::uint64_t offset, int whence,
                              Reply<storage_fuse::Count> reply) {
  serve<storage_fuse::Count>(
      attempt_of(node), std::move(reply), [=](Attempt& a) -> Answer<storage_fuse::Count> {
        TRY(const Source source, source_of(a, inode_of(node), handle));
        if (source.content) return seek_in(*source.content, offset, whence);
        const off_t found = ::lseek(source.fd->get(), static_cast<off_t>(offset), whence);
        if (found < 0) return fail(errno);
        return static_cast<storage_fuse::Count>(found);
      });
}

void AttemptFileSystem::copy_file_range(NodeId from, Handle from_handle, std::uint64_t from_offset,
                                        NodeId to, Handle to_handle, std::uint64_t to_offset,
                                        std::uint64_t length, Reply<storage_fuse::Count> reply) {
  const auto attempt = attempt_of(to);
  if (!attempt || attempt != attempt_of(from)) return reply.fail(EXDEV);
  serve<storage_fuse::Count>(
      attempt, std::move(reply), [=](Attempt& a) -> Answer<storage_fuse::Count> {
        TRY_STATUS(a.may_change());
        TRY(const Source source, source_of(a, inode_of(from), from_handle));
        TRY(const auto fd, target_of(a, inode_of(to), to_handle));
        // Else the kernel reads and writes, and waits where it has to.
        if (!source.fd || is_ephemeral(from_handle) || budget_of(a, to_handle))
          return fail(EOPNOTSUPP);
        auto in = static_cast<off_t>(from_offset);
        auto out = static_cast<off_t>(to_offset);
        const ssize_t count = ::copy_file_range(source.fd->get(), &in, fd->get(), &out, length, 0);
        if (count < 0) return fail(errno);
        return static_cast<storage_fuse::Count>(count);
      });
}

}  // namespace storage_attempts
