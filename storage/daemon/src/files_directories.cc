// Listings.
#include "files.h"

namespace storage_daemon {
namespace {

using storage_fuse::DirectoryPage;
using storage_fuse::Reply;
using storage_overlay::Listed;
using AttemptPointer = std::shared_ptr<Attempt>;

constexpr std::size_t kNamesAtOnce = 256;

}  // namespace

void Files::opendir(NodeId node, Reply<storage_fuse::OpenedDirectory> reply) {
  if (node == storage_fuse::kRootNode) return reply.ok({});
  if (attempts_.find_slot(slot_of_node(node)) == nullptr) return reply.fail(ESTALE);
  reply.ok({});
}

// Nobody is shown which attempts there are.
void Files::readdir(NodeId node, storage_fuse::Handle, std::uint64_t offset, DirectoryPage page,
                    Reply<DirectoryPage> reply) {
  if (node == storage_fuse::kRootNode) return reply.ok(std::move(page));
  on<DirectoryPage>(node, std::move(reply),
                    [directory = inode_of(node), offset, empty = std::move(page)](
                        const AttemptPointer& attempt, const Asked&) -> Outcome<DirectoryPage> {
                      using V = DirectoryPage;
                      DirectoryPage filled = empty;
                      std::uint64_t after = offset;
                      while (true) {
                        LET(const std::vector<Listed> names,
                            attempt->overlay_locked().list(directory, after, kNamesAtOnce));
                        for (const Listed& name : names) {
                          if (!filled.add_bare(name.name, name.inode, storage::type_bits(name.type),
                                               name.cookie)) {
                            return filled;
                          }
                          after = name.cookie;
                        }
                        if (names.size() < kNamesAtOnce) return filled;
                      }
                    });
}

void Files::releasedir(NodeId, storage_fuse::Handle, Reply<storage_fuse::Done> reply) {
  reply.ok();
}

void Files::fsyncdir(NodeId, storage_fuse::Handle, bool, Reply<storage_fuse::Done> reply) {
  reply.ok();
}

}  // namespace storage_daemon
