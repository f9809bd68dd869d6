// Names and nodes.
#include <sys/stat.h>

#include <charconv>

#include "files.h"

namespace storage_daemon {
namespace {

using storage::NameKey;
using storage_fuse::Node;
using storage_fuse::Reply;
using storage_overlay::NewFile;
using storage_overlay::Overlay;
using storage_overlay::View;
using AttemptPointer = std::shared_ptr<Attempt>;

constexpr mode_t kPermissionBits = 07777;

// The mount's own root: nobody is shown what is in it.
storage_fuse::Attributes root_attributes() {
  storage_fuse::Attributes out;
  out.stat.st_ino = 1;
  out.stat.st_mode = S_IFDIR | 0700;
  out.stat.st_nlink = 2;
  return out;
}

// A node that is answered counts as held.
Node answer_node(const AttemptPointer& attempt, const View& view) {
  attempt->overlay_locked().hold(view.inode);
  return attempt->node_locked(view);
}

}  // namespace

void Files::lookup_attempt(std::string_view name, Reply<Node> reply) {
  AttemptNumber number = 0;
  const char* const end = name.data() + name.size();
  const auto read = std::from_chars(name.data() + 1, end, number);
  const bool is_number =
      name.size() > 1 && name[0] == 'a' && read.ptr == end && read.ec == std::errc();
  auto found = is_number ? attempts_.find(number) : nullptr;
  if (found == nullptr) return reply.fail(ENOENT);
  drive<Node>(pool_, std::move(found), std::move(reply),
              [](const AttemptPointer& attempt, const Asked&) -> Outcome<Node> {
                using V = Node;
                LET(const View view, attempt->overlay_locked().view(storage::kRootInode));
                Node node = answer_node(attempt, view);
                node.name_valid = storage_fuse::Timeout(0);
                return node;
              });
}

void Files::lookup(NodeId parent, std::string_view name, Reply<Node> reply) {
  if (parent == storage_fuse::kRootNode) return lookup_attempt(name, std::move(reply));
  on<Node>(parent, std::move(reply),
           [directory = inode_of(parent), name = std::string(name)](const AttemptPointer& attempt,
                                                                    const Asked&) -> Outcome<Node> {
             using V = Node;
             auto answer = attempt->overlay_locked().lookup(directory, name);
             // Names change through the kernel alone, so it may believe that there is none.
             if (!answer.ok() && answer.error().error == ENOENT) return Node{};
             LET(const View view, std::move(answer));
             return answer_node(attempt, view);
           });
}

void Files::forget(NodeId node, std::uint64_t lookups) {
  const auto attempt = attempts_.find_slot(slot_of_node(node));
  if (attempt == nullptr) return;
  const std::lock_guard lock(attempt->mutex());
  if (!attempt->is_open_locked()) return;
  attempt->overlay_locked().forget(inode_of(node), lookups);
  // What the disk refuses here it refuses the next operation, too, which says so.
  static_cast<void>(attempt->keep_locked());
}

void Files::getattr(NodeId node, Reply<storage_fuse::Attributes> reply) {
  if (node == storage_fuse::kRootNode) return reply.ok(root_attributes());
  using V = storage_fuse::Attributes;
  on<V>(node, std::move(reply),
        [inode = inode_of(node)](const AttemptPointer& attempt, const Asked&) -> Outcome<V> {
          LET(const View view, attempt->overlay_locked().view(inode));
          return attempt->attributes_locked(view);
        });
}

void Files::readlink(NodeId node, Reply<std::string_view> reply) {
  using V = std::string;
  on<V>(node, std::move(reply),
        [inode = inode_of(node)](const AttemptPointer& attempt, const Asked&) -> Outcome<V> {
          LET(storage::Content content, attempt->overlay_locked().content(inode));
          return std::move(content.bytes);
        });
}

void Files::make(NodeId parent, std::string_view name, NewFile file, Reply<Node> reply) {
  on<Node>(parent, std::move(reply),
           [this, directory = inode_of(parent), name = std::string(name), file = std::move(file)](
               const AttemptPointer& attempt, const Asked& asked) -> Outcome<Node> {
             using V = Node;
             LET(const View view, once(*attempt, asked, [&](Overlay& overlay) {
                   return overlay.make(directory, name, file, act_of(asked.caller));
                 }));
             if (file.type == storage::FileType::kRegular) {
               LET(const auto staged, attempt->overlay_locked().stage(view.inode));
               static_cast<void>(staged);
             }
             LET(const View made, attempt->overlay_locked().view(view.inode));
             return answer_node(attempt, made);
           });
}

void Files::mknod(NodeId parent, std::string_view name, mode_t mode, dev_t, Reply<Node> reply) {
  const auto type = storage::type_for_mknod(mode);
  if (!type) return reply.fail(EPERM);
  make(parent, name, {*type, mode & kPermissionBits, ""}, std::move(reply));
}

void Files::mkdir(NodeId parent, std::string_view name, mode_t mode, Reply<Node> reply) {
  make(parent, name, {storage::FileType::kDirectory, mode & kPermissionBits, ""}, std::move(reply));
}

void Files::symlink(NodeId parent, std::string_view name, std::string_view target,
                    Reply<Node> reply) {
  make(parent, name, {storage::FileType::kSymlink, 0777, std::string(target)}, std::move(reply));
}

void Files::link(NodeId node, NodeId new_parent, std::string_view new_name, Reply<Node> reply) {
  if (slot_of_node(node) != slot_of_node(new_parent)) return reply.fail(EXDEV);
  on<Node>(node, std::move(reply),
           [this, inode = inode_of(node), directory = inode_of(new_parent),
            name = std::string(new_name)](const AttemptPointer& attempt,
                                          const Asked& asked) -> Outcome<Node> {
             using V = Node;
             LET(const View view, once(*attempt, asked, [&](Overlay& overlay) {
                   return overlay.link(inode, directory, name, act_of(asked.caller));
                 }));
             return answer_node(attempt, view);
           });
}

void Files::unlink(NodeId parent, std::string_view name, Reply<storage_fuse::Done> reply) {
  using V = storage_overlay::Done;
  on<V>(parent, std::move(reply),
        [this, directory = inode_of(parent), name = std::string(name)](
            const AttemptPointer& attempt, const Asked& asked) -> Outcome<V> {
          LET(const V done, once(*attempt, asked, [&](Overlay& overlay) {
                return overlay.unlink(directory, name, act_of(asked.caller));
              }));
          return done;
        });
}

void Files::rmdir(NodeId parent, std::string_view name, Reply<storage_fuse::Done> reply) {
  using V = storage_overlay::Done;
  on<V>(parent, std::move(reply),
        [this, directory = inode_of(parent), name = std::string(name)](
            const AttemptPointer& attempt, const Asked& asked) -> Outcome<V> {
          LET(const V done, once(*attempt, asked, [&](Overlay& overlay) {
                return overlay.remove_directory(directory, name, act_of(asked.caller));
              }));
          return done;
        });
}

void Files::rename(NodeId parent, std::string_view name, NodeId new_parent,
                   std::string_view new_name, unsigned flags, Reply<storage_fuse::Done> reply) {
  if (slot_of_node(parent) != slot_of_node(new_parent)) return reply.fail(EXDEV);
  using V = storage_overlay::Done;
  on<V>(parent, std::move(reply),
        [this, from = NameKey{inode_of(parent), std::string(name)},
         to = NameKey{inode_of(new_parent), std::string(new_name)},
         flags](const AttemptPointer& attempt, const Asked& asked) -> Outcome<V> {
          LET(const V done, once(*attempt, asked, [&](Overlay& overlay) {
                return overlay.rename(from, to, flags, act_of(asked.caller));
              }));
          return done;
        });
}

}  // namespace storage_daemon
