// Open files and their bytes. A file that is open for anything but a very large read has its own
// copy among the attempt's files, since the kernel wants one backing file for all that is open.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "contents.h"
#include "files.h"

namespace storage_daemon {
namespace {

using base::UniqueFd;
using storage_fuse::Created;
using storage_fuse::Done;
using storage_fuse::Opened;
using storage_fuse::OpenHow;
using storage_fuse::Reply;
using storage_overlay::AttributeChange;
using storage_overlay::NewFile;
using storage_overlay::Overlay;
using storage_overlay::View;
using AttemptPointer = std::shared_ptr<Attempt>;

constexpr std::uint64_t kReadMax = 1 << 20;

bool writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY; }

// A staged file that was never opened has none yet.
UniqueFd staged_file(const Attempt& attempt, InodeNumber inode) {
  UniqueFd fd = attempt.staging().find(inode);
  return fd.valid() ? std::move(fd) : attempt.staging().make(inode);
}

Opened opened(const View& view, UniqueFd fd, int flags) {
  Opened answer;
  // Writes in the kernel do not clear set-id bits.
  answer.direct_io = writes(flags) && (view.attributes.permissions & (S_ISUID | S_ISGID)) != 0;
  answer.keep_cache = true;
  answer.no_flush = true;
  answer.backing = std::move(fd);
  return answer;
}

// Before the bytes go, a successor must know that they do.
Outcome<Opened> open_truncated(const AttemptPointer& attempt, InodeNumber inode, const OpenHow& how,
                               const storage_overlay::Act& act) {
  using V = Opened;
  Overlay& overlay = attempt->overlay_locked();
  LET(const auto staged, overlay.stage(inode));
  static_cast<void>(staged);
  AttributeChange change;
  change.written = true;
  change.drop_privileges = how.kill_set_ids;
  LET(const View view, overlay.change(inode, change, act));
  if (!attempt->keep_locked()) return EIO;
  UniqueFd fd = attempt->staging().make(inode);
  if (!fd.valid()) return errno;
  return opened(view, std::move(fd), how.flags);
}

Outcome<Opened> open_file(const AttemptPointer& attempt, InodeNumber inode, const OpenHow& how,
                          const storage_overlay::Act& act, ContentCache& cache,
                          std::int64_t whole_bytes_max) {
  using V = Opened;
  Overlay& overlay = attempt->overlay_locked();
  LET(View view, overlay.view(inode));
  if (view.attributes.type != storage::FileType::kRegular) return ENXIO;
  if (writes(how.flags) && (how.flags & O_TRUNC) != 0) {
    return open_truncated(attempt, inode, how, act);
  }
  UniqueFd fd = view.staged ? staged_file(*attempt, inode) : attempt->staging().find(inode);
  if (!fd.valid()) {
    if (view.staged) return errno;
    if (!writes(how.flags) && view.size > static_cast<std::uint64_t>(whole_bytes_max)) {
      return opened(view, {}, how.flags);
    }
    LET(storage::Content content, overlay.content(inode));
    return copy_to_staging(attempt, cache, view, std::move(content));
  }
  if (writes(how.flags)) {
    LET(const auto staged, overlay.stage(inode));
    static_cast<void>(staged);
  }
  return opened(view, std::move(fd), how.flags);
}

Outcome<Created> created(const AttemptPointer& attempt, InodeNumber inode, int flags) {
  using V = Created;
  Overlay& overlay = attempt->overlay_locked();
  LET(const auto staged, overlay.stage(inode));
  static_cast<void>(staged);
  UniqueFd fd = staged_file(*attempt, inode);
  if (!fd.valid()) return errno;
  LET(const View view, overlay.view(inode));
  overlay.hold(inode);
  return Created{attempt->node_locked(view), opened(view, std::move(fd), flags)};
}

// A piece of a file that is too large to be fetched whole.
Outcome<std::string> read_piece(const AttemptPointer& attempt, InodeNumber inode,
                                std::uint64_t offset, std::uint64_t bytes,
                                const std::shared_ptr<std::optional<std::string>>& piece) {
  using V = std::string;
  if (*piece) return **std::move(piece);
  LET(storage::Content content, attempt->overlay_locked().content(inode));
  return Wait(
      [attempt, inode, content = std::move(content), offset, bytes, piece]() -> base::Status {
        TRY(*piece, attempt->tree().read(inode, content, offset, bytes));
        attempt->traffic().remote += static_cast<std::int64_t>((*piece)->size());
        return {};
      });
}

}  // namespace

void Files::open(NodeId node, const OpenHow& how, Reply<Opened> reply) {
  on<Opened>(node, std::move(reply),
             [this, inode = inode_of(node), how](const AttemptPointer& attempt,
                                                 const Asked& asked) -> Outcome<Opened> {
               return open_file(attempt, inode, how, act_of(asked.caller), cache_,
                                options_.whole_file_bytes_max);
             });
}

// The kernel asks for this only where it knows of no such name, so O_EXCL is all there is to it.
void Files::create(NodeId parent, std::string_view name, mode_t mode, const OpenHow& how,
                   Reply<Created> reply) {
  on<Created>(parent, std::move(reply),
              [this, directory = inode_of(parent), name = std::string(name), mode, how](
                  const AttemptPointer& attempt, const Asked& asked) -> Outcome<Created> {
                using V = Created;
                const NewFile file{storage::FileType::kRegular, mode & 07777, ""};
                LET(const View view, once(*attempt, asked, [&](Overlay& overlay) {
                      return overlay.make(directory, name, file, act_of(asked.caller));
                    }));
                return created(attempt, view.inode, how.flags);
              });
}

void Files::tmpfile(NodeId parent, mode_t mode, const OpenHow& how, Reply<Created> reply) {
  on<Created>(parent, std::move(reply),
              [this, directory = inode_of(parent), mode, how](
                  const AttemptPointer& attempt, const Asked& asked) -> Outcome<Created> {
                using V = Created;
                const NewFile file{storage::FileType::kRegular, mode & 07777, ""};
                LET(const View view, once(*attempt, asked, [&](Overlay& overlay) {
                      return overlay.make_unnamed(directory, file, act_of(asked.caller));
                    }));
                return created(attempt, view.inode, how.flags);
              });
}

void Files::read(NodeId node, storage_fuse::Handle, std::uint64_t offset, std::size_t bytes,
                 Reply<storage_fuse::Bytes> reply) {
  on<std::string>(
      node, std::move(reply),
      [inode = inode_of(node), offset, length = std::min<std::uint64_t>(bytes, kReadMax),
       piece = std::make_shared<std::optional<std::string>>()](
          const AttemptPointer& attempt, const Asked&) -> Outcome<std::string> {
        using V = std::string;
        LET(const View view, attempt->overlay_locked().view(inode));
        const UniqueFd fd =
            view.staged ? staged_file(*attempt, inode) : attempt->staging().find(inode);
        if (!fd.valid() && view.staged) return errno;
        if (!fd.valid()) return read_piece(attempt, inode, offset, length, piece);
        std::string text(length, '\0');
        const ssize_t got = ::pread(fd.get(), text.data(), text.size(), static_cast<off_t>(offset));
        if (got < 0) return errno;
        text.resize(static_cast<std::size_t>(got));
        return text;
      });
}

void Files::write(NodeId node, storage_fuse::Handle, std::uint64_t offset,
                  std::span<const std::byte> bytes, const storage_fuse::WriteHow& how,
                  Reply<storage_fuse::Count> reply) {
  using V = storage_fuse::Count;
  on<V>(node, std::move(reply),
        [this, inode = inode_of(node), offset, how,
         text = std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())](
            const AttemptPointer& attempt, const Asked& asked) -> Outcome<V> {
          Overlay& overlay = attempt->overlay_locked();
          LET(const auto staged, overlay.stage(inode));
          static_cast<void>(staged);
          const UniqueFd fd = staged_file(*attempt, inode);
          if (!fd.valid()) return errno;
          const ssize_t written =
              ::pwrite(fd.get(), text.data(), text.size(), static_cast<off_t>(offset));
          if (written < 0) return errno;
          if (how.kill_set_ids) {
            AttributeChange change;
            change.drop_privileges = true;
            LET(const View view, overlay.change(inode, change, act_of(asked.caller)));
            static_cast<void>(view);
          }
          return static_cast<V>(written);
        });
}

void Files::flush(NodeId, storage_fuse::Handle, std::uint64_t, Reply<Done> reply) { reply.ok(); }

void Files::release(NodeId, storage_fuse::Handle, int, Reply<Done> reply) { reply.ok(); }

// The bytes are in a file of this node, and that is what is promised before the commit.
void Files::fsync(NodeId, storage_fuse::Handle, bool, Reply<Done> reply) { reply.ok(); }

void Files::fallocate(NodeId node, storage_fuse::Handle, int mode, std::uint64_t offset,
                      std::uint64_t length, Reply<Done> reply) {
  using V = storage_overlay::Done;
  on<V>(node, std::move(reply),
        [this, inode = inode_of(node), mode, offset, length](const AttemptPointer& attempt,
                                                             const Asked& asked) -> Outcome<V> {
          Overlay& overlay = attempt->overlay_locked();
          LET(const V staged, overlay.stage(inode));
          const UniqueFd fd = staged_file(*attempt, inode);
          if (!fd.valid() || ::fallocate(fd.get(), mode, static_cast<off_t>(offset),
                                         static_cast<off_t>(length)) != 0) {
            return errno;
          }
          AttributeChange change;
          change.written = true;
          LET(const View view, overlay.change(inode, change, act_of(asked.caller)));
          static_cast<void>(view);
          return staged;
        });
}

void Files::lseek(NodeId node, storage_fuse::Handle, std::uint64_t offset, int whence,
                  Reply<storage_fuse::Count> reply) {
  using V = storage_fuse::Count;
  on<V>(node, std::move(reply),
        [inode = inode_of(node), offset, whence](const AttemptPointer& attempt,
                                                 const Asked&) -> Outcome<V> {
          LET(const View view, attempt->overlay_locked().view(inode));
          const UniqueFd fd = attempt->staging().find(inode);
          if (!fd.valid()) {
            // Where the holes of a large file are, nobody asked the store: none are told.
            if (offset >= view.size) return ENXIO;
            return whence == SEEK_DATA ? offset : view.size;
          }
          const off_t found = ::lseek(fd.get(), static_cast<off_t>(offset), whence);
          if (found < 0) return errno;
          return static_cast<V>(found);
        });
}

}  // namespace storage_daemon
