// Requests about open directories. Nothing is kept for them: a place in a listing says all.
#include <sys/stat.h>

#include <cerrno>

#include "serve.h"

namespace storage_attempts {
namespace {

using Attempt = AttemptFileSystem::Attempt;

constexpr std::size_t kBatch = 64;

// False when the page is full.
bool add(Attempt& a, InodeNumber directory, const storage_overlay::Listed& item,
         fuse::DirectoryPage& page) {
  const bool is_dots = item.name == "." || item.name == "..";
  if (page.with_attributes() && !is_dots) {
    const auto view = a.overlay.lookup(directory, item.name);
    if (!view.ok() && view.error().error == ENOENT) return true;  // it has just gone
    if (view.ok()) {
      const auto node = a.node_of(*view);
      if (node.ok()) {
        if (page.add(item.name, *node, item.cookie)) return true;
        a.overlay.forget(view->inode, 1);
        return false;
      }
    }
  }
  return page.add_bare(item.name, item.inode, storage::type_bits(item.type), item.cookie);
}

}  // namespace

void AttemptFileSystem::opendir(NodeId node, Reply<storage_fuse::OpenedDirectory> reply) {
  if (node == storage_fuse::kRootNode) return reply.ok({});
  serve_fresh<storage_fuse::OpenedDirectory>(
      attempt_of(node), std::move(reply),
      [node](Attempt& a) -> Answer<storage_fuse::OpenedDirectory> {
        TRY(const View view, a.overlay.view(inode_of(node)));
        if (view.attributes.type != FileType::kDirectory) return fail(ENOTDIR);
        return storage_fuse::OpenedDirectory{};
      });
}

void AttemptFileSystem::readdir(NodeId node, Handle, std::uint64_t offset,
                                storage_fuse::DirectoryPage page,
                                Reply<storage_fuse::DirectoryPage> reply) {
  if (node == storage_fuse::kRootNode)
    return list_attempts(offset, std::move(page), std::move(reply));
  serve<storage_fuse::DirectoryPage>(
      attempt_of(node), std::move(reply),
      [node, offset, empty = std::move(page)](Attempt& a) -> Answer<storage_fuse::DirectoryPage> {
        storage_fuse::DirectoryPage filled = empty;
        for (std::uint64_t after = offset;;) {
          TRY(const auto batch, a.overlay.list(inode_of(node), after, kBatch));
          if (batch.empty()) return filled;
          for (const auto& item : batch)
            if (!add(a, inode_of(node), item, filled)) return filled;
          if (batch.size() < kBatch) return filled;
          after = batch.back().cookie;
        }
      });
}

void AttemptFileSystem::releasedir(NodeId, Handle, Reply<storage_fuse::Done> reply) { reply.ok(); }

void AttemptFileSystem::fsyncdir(NodeId node, Handle, bool data_only,
                                 Reply<storage_fuse::Done> reply) {
  fsync(node, 0, data_only, std::move(reply));
}

}  // namespace storage_attempts
