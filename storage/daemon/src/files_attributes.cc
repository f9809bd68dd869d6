// Attributes, extended ones too.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>

#include "contents.h"
#include "files.h"

namespace storage_daemon {
namespace {

using base::UniqueFd;
using storage_fuse::Attributes;
using storage_fuse::Reply;
using storage_fuse::SetTime;
using storage_overlay::AttributeChange;
using storage_overlay::Overlay;
using storage_overlay::View;
using storage_overlay::XattrMode;
using AttemptPointer = std::shared_ptr<Attempt>;

std::optional<storage::FileTime> time_of(const std::optional<SetTime>& time,
                                         storage::FileTime now) {
  if (!time) return std::nullopt;
  return time->now ? now : storage_daemon::time_of(time->at);
}

AttributeChange change_of(const storage_fuse::AttributeChange& asked, storage::FileTime now) {
  AttributeChange change;
  if (asked.mode) change.permissions = *asked.mode & 07777;
  change.uid = asked.uid;
  change.gid = asked.gid;
  change.accessed = time_of(asked.accessed, now);
  change.modified = time_of(asked.modified, now);
  if (asked.changed) change.changed = storage_daemon::time_of(*asked.changed);
  change.written = asked.size.has_value();
  change.drop_privileges = asked.kill_set_ids;
  return change;
}

// Of a file whose bytes are on this node, their file tells size and time.
int change_staged_file(const Attempt& attempt, const View& view,
                       const storage_fuse::AttributeChange& asked, const AttributeChange& change) {
  UniqueFd fd = attempt.staging().find(view.inode);
  if (!fd.valid()) fd = attempt.staging().make(view.inode);
  if (!fd.valid()) return errno;
  if (asked.size && ::ftruncate(fd.get(), static_cast<off_t>(*asked.size)) != 0) return errno;
  if (!change.modified) return 0;
  const std::array<timespec, 2> times{timespec{0, UTIME_OMIT}, timespec_of(*change.modified)};
  return ::futimens(fd.get(), times.data()) == 0 ? 0 : errno;
}

}  // namespace

void Files::setattr(NodeId node, const storage_fuse::AttributeChange& change,
                    Reply<Attributes> reply) {
  if (node == storage_fuse::kRootNode) return reply.fail(EPERM);
  using V = Attributes;
  on<V>(node, std::move(reply),
        [this, inode = inode_of(node), asked = change](const AttemptPointer& attempt,
                                                       const Asked& request) -> Outcome<V> {
          Overlay& overlay = attempt->overlay_locked();
          const auto act = act_of(request.caller);
          LET(View view, overlay.view(inode));
          const AttributeChange wanted = change_of(asked, act.now);
          if (asked.size && !view.staged) {
            if (*asked.size > 0 && !attempt->staging().find(inode).valid()) {
              LET(storage::Content content, overlay.content(inode));
              return copy_to_staging(attempt, cache_, view, std::move(content));
            }
            LET(const auto staged, overlay.stage(inode));
            static_cast<void>(staged);
            if (!attempt->keep_locked()) return EIO;
          }
          LET(view, overlay.change(inode, wanted, act));
          if (view.staged) {
            if (const int error = change_staged_file(*attempt, view, asked, wanted)) return error;
          }
          return attempt->attributes_locked(view);
        });
}

void Files::statfs(NodeId node, Reply<struct statvfs> reply) {
  const auto attempt = attempts_.find_slot(slot_of_node(node));
  struct statvfs figures{};
  if (attempt == nullptr) {
    figures.f_bsize = figures.f_frsize = 4096;
    figures.f_namemax = 255;
    return reply.ok(figures);
  }
  if (::fstatvfs(attempt->staging().fd(), &figures) != 0) return reply.fail(errno);
  figures.f_namemax = 255;
  reply.ok(figures);
}

void Files::setxattr(NodeId node, std::string_view name, std::span<const std::byte> value,
                     int flags, Reply<storage_fuse::Done> reply) {
  using V = storage_overlay::Done;
  const XattrMode mode = (flags & XATTR_CREATE) != 0    ? XattrMode::kCreate
                         : (flags & XATTR_REPLACE) != 0 ? XattrMode::kReplace
                                                        : XattrMode::kAny;
  on<V>(node, std::move(reply),
        [this, inode = inode_of(node), name = std::string(name), mode,
         value = std::string(reinterpret_cast<const char*>(value.data()), value.size())](
            const AttemptPointer& attempt, const Asked& asked) -> Outcome<V> {
          LET(const V done, once(*attempt, asked, [&](Overlay& overlay) {
                return overlay.set_xattr(inode, name, value, mode, act_of(asked.caller));
              }));
          return done;
        });
}

void Files::getxattr(NodeId node, std::string_view name, Reply<storage_fuse::Bytes> reply) {
  using V = std::string;
  on<V>(node, std::move(reply),
        [inode = inode_of(node), name = std::string(name)](const AttemptPointer& attempt,
                                                           const Asked&) -> Outcome<V> {
          LET(std::string value, attempt->overlay_locked().xattr(inode, name));
          return value;
        });
}

void Files::listxattr(NodeId node, Reply<storage_fuse::Bytes> reply) {
  using V = std::string;
  on<V>(node, std::move(reply),
        [inode = inode_of(node)](const AttemptPointer& attempt, const Asked&) -> Outcome<V> {
          LET(const auto names, attempt->overlay_locked().xattrs(inode));
          std::string all;
          for (const std::string& name : names) (all += name) += '\0';
          return all;
        });
}

void Files::removexattr(NodeId node, std::string_view name, Reply<storage_fuse::Done> reply) {
  using V = storage_overlay::Done;
  on<V>(node, std::move(reply),
        [this, inode = inode_of(node), name = std::string(name)](const AttemptPointer& attempt,
                                                                 const Asked& asked) -> Outcome<V> {
          LET(const V done, once(*attempt, asked, [&](Overlay& overlay) {
                return overlay.remove_xattr(inode, name, act_of(asked.caller));
              }));
          return done;
        });
}

}  // namespace storage_daemon
