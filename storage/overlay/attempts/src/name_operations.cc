// Requests that make and remove names.
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include "serve.h"

namespace storage_attempts {
namespace {

using storage_fuse::Created;
using storage_fuse::Node;
using storage_overlay::NewFile;
using Attempt = AttemptFileSystem::Attempt;

bool is_ephemeral_file(const View& view) {
  return view.tier == hints::Tier::kEphemeral && view.attributes.type == FileType::kRegular;
}

// Nobody waits at the end of a file that has no writer: it has had one.
Answer<View> begin_ephemeral(Attempt& a, const View& view) {
  const auto opened = a.ephemeral->open_write(view.inode, false);
  if (!opened.ok()) return fail(errno_of(opened.error()));
  a.ephemeral->close(view.inode, opened->handle);
  return view;
}

// A file without its staging file would be a name that cannot be opened.
Answer<View> make_file(Attempt& a, InodeNumber parent, const std::string& name, const NewFile& file,
                       const storage_overlay::Act& act) {
  TRY(View view, a.overlay.make(parent, name, file, act));
  if (!view.staged) return view;
  if (auto made = a.make_staging_file(view.inode); !made.ok()) {
    static_cast<void>(a.overlay.unlink(parent, name, act));
    return std::move(made).error();
  }
  return view;
}

void make(std::shared_ptr<Attempt> attempt, AttemptFileSystem::NodeId parent, std::string_view name,
          NewFile file, fuse::Reply<Node> reply) {
  const Asked asked(reply);
  const auto act = act_of(reply.caller());
  serve<Node>(std::move(attempt), std::move(reply),
              [asked, act, parent, name = std::string(name), file](Attempt& a) -> Answer<Node> {
                TRY(const View view, make_once(a, asked, [&] {
                      return make_file(a, inode_of(parent), name, file, act);
                    }));
                if (is_ephemeral_file(view)) TRY_STATUS(begin_ephemeral(a, view));
                return a.node_of(view);
              });
}

}  // namespace

void AttemptFileSystem::mknod(NodeId parent, std::string_view name, mode_t mode, dev_t,
                              Reply<Node> reply) {
  if (parent == storage_fuse::kRootNode) return reply.fail(EPERM);
  const auto type = storage::type_for_mknod(mode);
  if (!type) return reply.fail(EPERM);
  make(attempt_of(parent), parent, name, {*type, mode & 07777, ""}, std::move(reply));
}

void AttemptFileSystem::mkdir(NodeId parent, std::string_view name, mode_t mode,
                              Reply<Node> reply) {
  if (parent == storage_fuse::kRootNode) return reply.fail(EPERM);
  make(attempt_of(parent), parent, name, {FileType::kDirectory, mode & 07777, ""},
       std::move(reply));
}

void AttemptFileSystem::symlink(NodeId parent, std::string_view name, std::string_view target,
                                Reply<Node> reply) {
  if (parent == storage_fuse::kRootNode) return reply.fail(EPERM);
  make(attempt_of(parent), parent, name, {FileType::kSymlink, 0777, std::string(target)},
       std::move(reply));
}

void AttemptFileSystem::link(NodeId node, NodeId new_parent, std::string_view new_name,
                             Reply<Node> reply) {
  if (new_parent == storage_fuse::kRootNode || attempt_of(node) != attempt_of(new_parent))
    return reply.fail(EXDEV);
  const Asked asked(reply);
  const auto act = act_of(reply.caller());
  serve<Node>(attempt_of(node), std::move(reply),
              [=, name = std::string(new_name)](Attempt& a) -> Answer<Node> {
                TRY(const View view, make_once(a, asked, [&] {
                      return a.overlay.link(inode_of(node), inode_of(new_parent), name, act);
                    }));
                a.touch(view.inode);
                return a.node_of(view);
              });
}

void AttemptFileSystem::unlink(NodeId parent, std::string_view name,
                               Reply<storage_fuse::Done> reply) {
  if (parent == storage_fuse::kRootNode) return reply.fail(EPERM);
  const Asked asked(reply);
  const auto act = act_of(reply.caller());
  serve<storage_overlay::Done>(attempt_of(parent), std::move(reply),
                               [=, name = std::string(name)](Attempt& a) {
                                 return do_once(a, asked, [&] {
                                   a.touch_name({inode_of(parent), name});
                                   return a.overlay.unlink(inode_of(parent), name, act);
                                 });
                               });
}

void AttemptFileSystem::rmdir(NodeId parent, std::string_view name,
                              Reply<storage_fuse::Done> reply) {
  if (parent == storage_fuse::kRootNode) return reply.fail(EBUSY);
  const Asked asked(reply);
  const auto act = act_of(reply.caller());
  serve<storage_overlay::Done>(
      attempt_of(parent), std::move(reply), [=, name = std::string(name)](Attempt& a) {
        return do_once(a, asked,
                       [&] { return a.overlay.remove_directory(inode_of(parent), name, act); });
      });
}

void AttemptFileSystem::rename(NodeId parent, std::string_view name, NodeId new_parent,
                               std::string_view new_name, unsigned flags,
                               Reply<storage_fuse::Done> reply) {
  if (parent == storage_fuse::kRootNode || new_parent == storage_fuse::kRootNode)
    return reply.fail(EBUSY);
  if (attempt_of(parent) != attempt_of(new_parent)) return reply.fail(EXDEV);
  const Asked asked(reply);
  const auto act = act_of(reply.caller());
  const storage::NameKey from{inode_of(parent), std::string(name)};
  const storage::NameKey to{inode_of(new_parent), std::string(new_name)};
  serve<storage_overlay::Done>(attempt_of(parent), std::move(reply), [=](Attempt& a) {
    return do_once(a, asked, [&]() -> Answer<storage_overlay::Done> {
      a.touch_name(to);  // which may be replaced, and have another name
      TRY_STATUS(a.overlay.rename(from, to, flags, act));
      a.touch_name(to);
      if ((flags & RENAME_EXCHANGE) != 0) a.touch_name(from);
      return storage_overlay::Done{};
    });
  });
}

void AttemptFileSystem::create(NodeId parent, std::string_view name, mode_t mode,
                               const storage_fuse::OpenHow& how, Reply<Created> reply) {
  if (parent == storage_fuse::kRootNode) return reply.fail(EPERM);
  const Asked asked(reply);
  const auto act = act_of(reply.caller());
  const NewFile file{FileType::kRegular, mode & 07777, ""};
  serve<Created>(
      attempt_of(parent), std::move(reply),
      [=, name = std::string(name), exclusive = how.exclusive](Attempt& a) -> Answer<Created> {
        TRY(const View view, make_once(a, asked, [&]() -> Answer<View> {
              auto made = make_file(a, inode_of(parent), name, file, act);
              // Somebody made it since it was looked up: the kernel looks again.
              if (!made.ok() && made.error().error == EEXIST && !exclusive) return fail(ESTALE);
              return made;
            }));
        Created created;
        if (is_ephemeral_file(view)) {
          auto opened = a.ephemeral->open_write(view.inode, false);
          if (!opened.ok()) return fail(errno_of(opened.error()));
          created.file = std::move(*opened);
        } else {
          TRY(created.file, a.open_file(view.inode, how.flags & ~O_TRUNC, false));
        }
        TRY(created.node, a.node_of(view));
        return created;
      });
}

void AttemptFileSystem::tmpfile(NodeId parent, mode_t mode, const storage_fuse::OpenHow& how,
                                Reply<Created> reply) {
  if (parent == storage_fuse::kRootNode) return reply.fail(EPERM);
  const Asked asked(reply);
  const auto act = act_of(reply.caller());
  const NewFile file{FileType::kRegular, mode & 07777, ""};
  serve<Created>(attempt_of(parent), std::move(reply), [=](Attempt& a) -> Answer<Created> {
    TRY(const View view, make_once(a, asked, [&]() -> Answer<View> {
          TRY(View made, a.overlay.make_unnamed(inode_of(parent), file, act));
          TRY_STATUS(a.make_staging_file(made.inode));
          return made;
        }));
    Created created;
    TRY(created.file, a.open_file(view.inode, how.flags & ~O_TRUNC, false));
    TRY(created.node, a.node_of(view));
    return created;
  });
}

}  // namespace storage_attempts
