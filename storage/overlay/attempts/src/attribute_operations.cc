// Requests about attributes, extended ones too.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include <cerrno>

#include "serve.h"

namespace storage_attempts {
namespace {

using Attempt = AttemptFileSystem::Attempt;

std::optional<storage::FileTime> time_of_change(const std::optional<fuse::SetTime>& change,
                                                storage::FileTime now) {
  if (!change) return std::nullopt;
  return change->now ? now : time_of(change->at);
}

storage_overlay::AttributeChange change_of(const fuse::AttributeChange& asked,
                                           storage::FileTime now) {
  storage_overlay::AttributeChange change;
  change.permissions = asked.mode;
  change.uid = asked.uid;
  change.gid = asked.gid;
  change.accessed = time_of_change(asked.accessed, now);
  change.modified = time_of_change(asked.modified, now);
  change.written = asked.size.has_value();
  change.drop_privileges = asked.kill_set_ids;
  return change;
}

// The staging file's times are what is shown: they follow.
Answer<storage_overlay::Done> set_times(Attempt& a, const View& view,
                                        const storage_overlay::AttributeChange& change) {
  if (!view.staged || (!change.accessed && !change.modified)) return storage_overlay::Done{};
  TRY(const auto fd, a.staging_file(view.inode));
  timespec times[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
  if (change.accessed) times[0] = timespec_of(*change.accessed);
  if (change.modified) times[1] = timespec_of(*change.modified);
  if (::futimens(fd->get(), times) != 0) return fail(errno);
  return storage_overlay::Done{};
}

Answer<storage_overlay::Done> resize(Attempt& a, View& view, std::uint64_t size) {
  if (view.attributes.type == FileType::kDirectory) return fail(EISDIR);
  if (view.attributes.type != FileType::kRegular) return fail(EINVAL);
  if (view.tier == hints::Tier::kEphemeral) {
    if (const int error = a.ephemeral->resize(view.inode, size); error != 0) return fail(error);
  } else {
    TRY_STATUS(a.truncate(view, size));
  }
  TRY(view, a.overlay.view(view.inode));
  return storage_overlay::Done{};
}

}  // namespace

void AttemptFileSystem::setattr(NodeId node, const storage_fuse::AttributeChange& asked,
                                Reply<storage_fuse::Attributes> reply) {
  if (node == storage_fuse::kRootNode) return reply.fail(EPERM);
  const Asked request(reply);
  const auto act = act_of(reply.caller());
  const auto change = change_of(asked, act.now);
  const auto set = [=, size = asked.size](Attempt& a) -> Answer<View> {
    TRY(View view, a.overlay.view(inode_of(node)));
    if (size) TRY_STATUS(resize(a, view, *size));
    TRY_STATUS(set_times(a, view, change));
    TRY(view, a.overlay.change(view.inode, change, act));
    a.touch(view.inode);
    if (size && view.staged && a.publishes_at_once()) a.note_change(view.inode);
    return view;
  };
  serve<storage_fuse::Attributes>(
      attempt_of(node), std::move(reply), [=](Attempt& a) -> Answer<storage_fuse::Attributes> {
        if (!a.publishes_at_once()) TRY_STATUS(a.may_change());
        TRY(const View view,
            a.publishes_at_once() ? make_once(a, request, [&] { return set(a); }) : set(a));
        return a.attributes_of(view);
      });
}

void AttemptFileSystem::readlink(NodeId node, Reply<std::string_view> reply) {
  serve<std::string>(attempt_of(node), std::move(reply), [node](Attempt& a) -> Answer<std::string> {
    TRY(const View view, a.overlay.view(inode_of(node)));
    if (view.attributes.type != FileType::kSymlink) return fail(EINVAL);
    TRY(Content content, a.overlay.content(inode_of(node)));
    return std::move(content.bytes);
  });
}

void AttemptFileSystem::setxattr(NodeId node, std::string_view name,
                                 std::span<const std::byte> value, int flags,
                                 Reply<storage_fuse::Done> reply) {
  if (node == storage_fuse::kRootNode) return reply.fail(EPERM);
  using storage_overlay::XattrMode;
  const Asked asked(reply);
  const auto act = act_of(reply.caller());
  const auto mode = (flags & XATTR_CREATE) != 0    ? XattrMode::kCreate
                    : (flags & XATTR_REPLACE) != 0 ? XattrMode::kReplace
                                                   : XattrMode::kAny;
  std::string bytes(reinterpret_cast<const char*>(value.data()), value.size());
  serve<storage_overlay::Done>(
      attempt_of(node), std::move(reply),
      [=, name = std::string(name), bytes = std::move(bytes)](Attempt& a) {
        return do_once(a, asked, [&]() -> Answer<storage_overlay::Done> {
          TRY_STATUS(a.overlay.set_xattr(inode_of(node), name, bytes, mode, act));
          a.touch(inode_of(node));
          return storage_overlay::Done{};
        });
      });
}

void AttemptFileSystem::getxattr(NodeId node, std::string_view name,
                                 Reply<storage_fuse::Bytes> reply) {
  if (node == storage_fuse::kRootNode) return reply.fail(ENODATA);
  serve<std::string>(attempt_of(node), std::move(reply),
                     [node, name = std::string(name)](Attempt& a) {
                       return a.overlay.xattr(inode_of(node), name);
                     });
}

void AttemptFileSystem::listxattr(NodeId node, Reply<storage_fuse::Bytes> reply) {
  if (node == storage_fuse::kRootNode) return reply.ok({});
  serve<std::string>(attempt_of(node), std::move(reply), [node](Attempt& a) -> Answer<std::string> {
    TRY(const auto names, a.overlay.xattrs(inode_of(node)));
    std::string list;
    for (const auto& name : names) list += name + '\0';
    return list;
  });
}

void AttemptFileSystem::removexattr(NodeId node, std::string_view name,
                                    Reply<storage_fuse::Done> reply) {
  if (node == storage_fuse::kRootNode) return reply.fail(EPERM);
  const Asked asked(reply);
  const auto act = act_of(reply.caller());
  serve<storage_overlay::Done>(attempt_of(node), std::move(reply),
                               [=, name = std::string(name)](Attempt& a) {
                                 return do_once(a, asked, [&]() -> Answer<storage_overlay::Done> {
                                   TRY_STATUS(a.overlay.remove_xattr(inode_of(node), name, act));
                                   a.touch(inode_of(node));
                                   return storage_overlay::Done{};
                                 });
                               });
}

// The disk that staging is on.
void AttemptFileSystem::statfs(NodeId node, Reply<struct statvfs> reply) {
  struct statvfs figures{};
  const auto attempt = attempt_of(node);
  if (attempt && ::statvfs(attempt->options.staging.c_str(), &figures) != 0)
    return reply.fail(errno);
  if (!attempt) figures.f_bsize = figures.f_frsize = 4096;
  figures.f_namemax = 255;
  reply.ok(figures);
}

}  // namespace storage_attempts
