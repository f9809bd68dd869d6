#include "storage_fuse/file_system.h"

namespace storage_fuse {

// Every operation that a file system does not have.
// NOLINTBEGIN(performance-unnecessary-value-param): a reply is handed over
void FileSystem::lookup(NodeId, std::string_view, Reply<Node> reply) { reply.fail(ENOSYS); }
void FileSystem::forget(NodeId, std::uint64_t) {}
void FileSystem::getattr(NodeId, Reply<Attributes> reply) { reply.fail(ENOSYS); }
void FileSystem::setattr(NodeId, const AttributeChange&, Reply<Attributes> reply) {
  reply.fail(ENOSYS);
}
void FileSystem::readlink(NodeId, Reply<std::string_view> reply) { reply.fail(ENOSYS); }
void FileSystem::mknod(NodeId, std::string_view, mode_t, dev_t, Reply<Node> reply) {
  reply.fail(ENOSYS);
}
void FileSystem::mkdir(NodeId, std::string_view, mode_t, Reply<Node> reply) { reply.fail(ENOSYS); }
void FileSystem::symlink(NodeId, std::string_view, std::string_view, Reply<Node> reply) {
  reply.fail(ENOSYS);
}
void FileSystem::link(NodeId, NodeId, std::string_view, Reply<Node> reply) { reply.fail(ENOSYS); }
void FileSystem::unlink(NodeId, std::string_view, Reply<Done> reply) { reply.fail(ENOSYS); }
void FileSystem::rmdir(NodeId, std::string_view, Reply<Done> reply) { reply.fail(ENOSYS); }
void FileSystem::rename(NodeId, std::string_view, NodeId, std::string_view, unsigned,
                        Reply<Done> reply) {
  reply.fail(ENOSYS);
}
void FileSystem::open(NodeId, const OpenHow&, Reply<Opened> reply) { reply.fail(ENOSYS); }
void FileSystem::create(NodeId, std::string_view, mode_t, const OpenHow&, Reply<Created> reply) {
  reply.fail(ENOSYS);
}
void FileSystem::tmpfile(NodeId, mode_t, const OpenHow&, Reply<Created> reply) {
  reply.fail(ENOSYS);
}
void FileSystem::read(NodeId, Handle, std::uint64_t, std::size_t, Reply<Bytes> reply) {
  reply.fail(ENOSYS);
}
void FileSystem::write(NodeId, Handle, std::uint64_t, std::span<const std::byte>, const WriteHow&,
                       Reply<Count> reply) {
  reply.fail(ENOSYS);
}
void FileSystem::flush(NodeId, Handle, std::uint64_t, Reply<Done> reply) { reply.fail(ENOSYS); }
void FileSystem::release(NodeId, Handle, int, Reply<Done> reply) { reply.fail(ENOSYS); }
void FileSystem::fsync(NodeId, Handle, bool, Reply<Done> reply) { reply.fail(ENOSYS); }
void FileSystem::fallocate(NodeId, Handle, int, std::uint64_t, std::uint64_t, Reply<Done> reply) {
  reply.fail(ENOSYS);
}
void FileSystem::lseek(NodeId, Handle, std::uint64_t, int, Reply<Count> reply) {
  reply.fail(ENOSYS);
}
void FileSystem::copy_file_range(NodeId, Handle, std::uint64_t, NodeId, Handle, std::uint64_t,
                                 std::uint64_t, Reply<Count> reply) {
  reply.fail(ENOSYS);
}
void FileSystem::opendir(NodeId, Reply<OpenedDirectory> reply) { reply.fail(ENOSYS); }
void FileSystem::readdir(NodeId, Handle, std::uint64_t, DirectoryPage, Reply<DirectoryPage> reply) {
  reply.fail(ENOSYS);
}
void FileSystem::releasedir(NodeId, Handle, Reply<Done> reply) { reply.fail(ENOSYS); }
void FileSystem::fsyncdir(NodeId, Handle, bool, Reply<Done> reply) { reply.fail(ENOSYS); }
void FileSystem::statfs(NodeId, Reply<struct statvfs> reply) { reply.fail(ENOSYS); }
void FileSystem::setxattr(NodeId, std::string_view, std::span<const std::byte>, int,
                          Reply<Done> reply) {
  reply.fail(ENOSYS);
}
void FileSystem::getxattr(NodeId, std::string_view, Reply<Bytes> reply) { reply.fail(ENOSYS); }
void FileSystem::listxattr(NodeId, Reply<Bytes> reply) { reply.fail(ENOSYS); }
void FileSystem::removexattr(NodeId, std::string_view, Reply<Done> reply) { reply.fail(ENOSYS); }
void FileSystem::getlk(NodeId, Handle, std::uint64_t, const FileLock&, Reply<FileLock> reply) {
  reply.fail(ENOSYS);
}
void FileSystem::setlk(NodeId, Handle, std::uint64_t, const FileLock&, bool, Reply<Done> reply) {
  reply.fail(ENOSYS);
}
void FileSystem::flock(NodeId, Handle, std::uint64_t, int, bool, Reply<Done> reply) {
  reply.fail(ENOSYS);
}
// NOLINTEND(performance-unnecessary-value-param)

}  // namespace storage_fuse
