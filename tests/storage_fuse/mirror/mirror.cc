#include "mirror.h"

#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "mirror_tools.h"

namespace mirror {

using base::error_from_errno;
using base::Result;
using base::UniqueFd;

namespace {

bool handle_of(int directory, const char* name, InodeHandle& out) {
  alignas(file_handle) char space[sizeof(file_handle) + InodeHandle::kBytesMax];
  auto* raw = reinterpret_cast<file_handle*>(space);
  raw->handle_bytes = InodeHandle::kBytesMax;
  int mount = 0;
  const int empty = *name == '\0' ? AT_EMPTY_PATH : 0;
  if (::name_to_handle_at(directory, name, raw, &mount, empty) != 0) return false;
  out = {};
  out.bytes = raw->handle_bytes;
  out.type = raw->handle_type;
  std::memcpy(out.data, raw->f_handle, raw->handle_bytes);
  return true;
}

// Numbers of inodes are used again, handles are not.
std::uint64_t generation_of(const InodeHandle& handle) {
  std::uint64_t sum = 1469598103934665603U;
  for (std::uint32_t i = 0; i < handle.bytes; ++i) sum = (sum ^ handle.data[i]) * 1099511628211U;
  return sum;
}

}  // namespace

Result<std::unique_ptr<Mirror>> Mirror::open(const MirrorOptions& options) {
  UniqueFd root(::open(options.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return error_from_errno(errno, "opening " + options.directory.string());
  TRY(auto known, KnownNodes::open(options.journal));
  ::umask(0);
  return std::unique_ptr<Mirror>(new Mirror(options, std::move(root), std::move(known)));
}

Mirror::Mirror(const MirrorOptions& options, UniqueFd root, std::unique_ptr<KnownNodes> known)
    : passthrough_(options.passthrough), root_(std::move(root)), known_(std::move(known)) {
  struct stat stat{};
  ::fstat(root_.get(), &stat);
  root_ino_ = stat.st_ino;
}

UniqueFd Mirror::descriptor(NodeId node, int flags) {
  if (node == kRootNode) return UniqueFd(::openat(root_.get(), ".", flags | O_CLOEXEC));
  {
    const std::lock_guard lock(mutex_);
    const auto removed = removed_.find(node);
    if (removed != removed_.end()) {
      return UniqueFd(::open(path_of(removed->second.get()).c_str(), flags | O_CLOEXEC));
    }
  }
  const auto handle = known_->find(node);
  if (!handle) {
    errno = ESTALE;
    return {};
  }
  alignas(file_handle) char space[sizeof(file_handle) + InodeHandle::kBytesMax];
  auto* raw = reinterpret_cast<file_handle*>(space);
  raw->handle_bytes = handle->bytes;
  raw->handle_type = handle->type;
  std::memcpy(raw->f_handle, handle->data, handle->bytes);
  return UniqueFd(::open_by_handle_at(root_.get(), raw, flags | O_CLOEXEC));
}

Attributes Mirror::attributes_of(struct stat stat) const { return {.stat = stat}; }

bool Mirror::describe(int directory, const char* name, Node& node, InodeHandle& handle) const {
  struct stat stat{};
  if (::fstatat(directory, name, &stat, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) != 0) return false;
  if (!handle_of(directory, name, handle)) return false;
  node.id = stat.st_ino == root_ino_ ? kRootNode : stat.st_ino;
  node.generation = generation_of(handle);
  node.attributes = attributes_of(stat);
  return true;
}

bool Mirror::look_up(int directory, const char* name, Node& node) {
  InodeHandle handle;
  if (!describe(directory, name, node, handle)) return false;
  known_->look_up(node.id, handle);
  return true;
}

void Mirror::lookup(NodeId parent, std::string_view name, Reply<Node> reply) {
  const UniqueFd directory = place(parent);
  Node node;
  if (directory.valid() && look_up(directory.get(), std::string(name).c_str(), node)) {
    return reply.ok(node);
  }
  if (errno != ENOENT) return reply.fail(errno);
  reply.ok(Node{});  // remembered
}

void Mirror::forget(NodeId node, std::uint64_t lookups) {
  known_->forget(node, lookups);
  if (known_->find(node)) return;
  const std::lock_guard lock(mutex_);
  removed_.erase(node);
}

int Mirror::remove(NodeId parent, std::string_view name, int flags) {
  const UniqueFd directory = place(parent);
  const std::string text(name);
  UniqueFd removed(::openat(directory.get(), text.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat stat{};
  if (removed.valid()) ::fstat(removed.get(), &stat);
  if (::unlinkat(directory.get(), text.c_str(), flags) != 0) return errno;
  if ((S_ISDIR(stat.st_mode) || stat.st_nlink == 1) && known_->find(stat.st_ino)) {
    const std::lock_guard lock(mutex_);
    removed_[stat.st_ino] = std::move(removed);
  }
  return 0;
}

void Mirror::getattr(NodeId node, Reply<Attributes> reply) {
  const UniqueFd fd = place(node);
  struct stat stat{};
  if (!fd.valid() || ::fstatat(fd.get(), "", &stat, AT_EMPTY_PATH) != 0) {
    return reply.fail(errno);
  }
  reply.ok(attributes_of(stat));
}

int Mirror::change(int fd, const AttributeChange& change) {
  const std::string path = path_of(fd);
  if (change.uid || change.gid) {
    if (::fchownat(fd, "", change.uid.value_or(-1), change.gid.value_or(-1), AT_EMPTY_PATH) != 0) {
      return errno;
    }
  }
  if (change.size && ::truncate(path.c_str(), static_cast<off_t>(*change.size)) != 0) return errno;
  if (change.kill_set_ids) clear_set_ids(fd);
  if (change.mode && ::chmod(path.c_str(), *change.mode) != 0) return errno;
  if (!change.accessed && !change.modified) return 0;
  timespec times[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
  const std::optional<SetTime>* wanted[] = {&change.accessed, &change.modified};
  for (int i = 0; i < 2; ++i) {
    if (*wanted[i]) times[i] = (*wanted[i])->now ? timespec{0, UTIME_NOW} : (*wanted[i])->at;
  }
  return ::utimensat(fd, "", times, AT_EMPTY_PATH) == 0 ? 0 : errno;
}

void Mirror::setattr(NodeId node, const AttributeChange& wanted, Reply<Attributes> reply) {
  const UniqueFd fd = place(node);
  if (!fd.valid()) return reply.fail(errno);
  const int error = change(fd.get(), wanted);
  if (error != 0) return reply.fail(error);
  struct stat stat{};
  if (::fstatat(fd.get(), "", &stat, AT_EMPTY_PATH) != 0) return reply.fail(errno);
  reply.ok(attributes_of(stat));
}

void Mirror::readlink(NodeId node, Reply<std::string_view> reply) {
  const UniqueFd fd = place(node);
  char target[PATH_MAX];
  const ssize_t size = fd.valid() ? ::readlinkat(fd.get(), "", target, sizeof target) : -1;
  if (size < 0) return reply.fail(errno);
  reply.ok(std::string_view(target, static_cast<std::size_t>(size)));
}

void Mirror::answer_new(int directory, const std::string& name, int failure, Reply<Node> reply) {
  // Carried out by a predecessor: there already.
  if (failure == EEXIST && reply.resent()) failure = 0;
  Node node;
  if (failure == 0 && !look_up(directory, name.c_str(), node)) failure = errno;
  if (failure != 0) return reply.fail(failure);
  reply.ok(node);
}

void Mirror::mknod(NodeId parent, std::string_view name, mode_t mode, dev_t device,
                   Reply<Node> reply) {
  const UniqueFd directory = place(parent);
  const std::string text(name);
  int failure = 0;
  {
    const AsCaller as(reply.caller());
    failure = ::mknodat(directory.get(), text.c_str(), mode, device) == 0 ? 0 : errno;
  }
  answer_new(directory.get(), text, failure, std::move(reply));
}

void Mirror::mkdir(NodeId parent, std::string_view name, mode_t mode, Reply<Node> reply) {
  const UniqueFd directory = place(parent);
  const std::string text(name);
  int failure = 0;
  {
    const AsCaller as(reply.caller());
    failure = ::mkdirat(directory.get(), text.c_str(), mode) == 0 ? 0 : errno;
  }
  answer_new(directory.get(), text, failure, std::move(reply));
}

void Mirror::symlink(NodeId parent, std::string_view name, std::string_view target,
                     Reply<Node> reply) {
  const UniqueFd directory = place(parent);
  const std::string text(name);
  int failure = 0;
  {
    const AsCaller as(reply.caller());
    const std::string to(target);
    failure = ::symlinkat(to.c_str(), directory.get(), text.c_str()) == 0 ? 0 : errno;
  }
  answer_new(directory.get(), text, failure, std::move(reply));
}

void Mirror::link(NodeId node, NodeId new_parent, std::string_view new_name, Reply<Node> reply) {
  const UniqueFd file = place(node), directory = place(new_parent);
  const std::string text(new_name);
  const int failure =
      ::linkat(file.get(), "", directory.get(), text.c_str(), AT_EMPTY_PATH) == 0 ? 0 : errno;
  answer_new(directory.get(), text, failure, std::move(reply));
}

void Mirror::unlink(NodeId parent, std::string_view name, Reply<Done> reply) {
  const int error = remove(parent, name, 0);
  if (error == 0 || (error == ENOENT && reply.resent())) return reply.ok();
  reply.fail(error);
}

void Mirror::rmdir(NodeId parent, std::string_view name, Reply<Done> reply) {
  const int error = remove(parent, name, AT_REMOVEDIR);
  if (error == 0 || (error == ENOENT && reply.resent())) return reply.ok();
  reply.fail(error);
}

void Mirror::rename(NodeId parent, std::string_view name, NodeId new_parent,
                    std::string_view new_name, unsigned flags, Reply<Done> reply) {
  const UniqueFd from = place(parent), to = place(new_parent);
  const int rc = ::renameat2(from.get(), std::string(name).c_str(), to.get(),
                             std::string(new_name).c_str(), flags);
  // An exchange that was carried out twice would be undone: a real file system keeps a record.
  if (rc != 0 && errno == ENOENT && reply.resent()) return reply.ok();
  answer(rc, reply);
}

void Mirror::statfs(NodeId node, Reply<struct statvfs> reply) {
  const UniqueFd fd = place(node);
  struct statvfs figures{};
  if (!fd.valid() || ::fstatvfs(fd.get(), &figures) != 0) return reply.fail(errno);
  reply.ok(figures);
}

void Mirror::setxattr(NodeId node, std::string_view name, std::span<const std::byte> value,
                      int flags, Reply<Done> reply) {
  const UniqueFd fd = place(node);
  if (name.starts_with("system.")) return reply.fail(EOPNOTSUPP);
  const int rc = ::setxattr(path_of(fd.get()).c_str(), std::string(name).c_str(), value.data(),
                            value.size(), flags);
  answer(rc, reply);
}

void Mirror::getxattr(NodeId node, std::string_view name, Reply<Bytes> reply) {
  ++counts_.getxattrs;
  const UniqueFd fd = place(node);
  if (name.starts_with("system.")) return reply.fail(EOPNOTSUPP);
  std::vector<std::byte> value(XATTR_SIZE_MAX);
  const ssize_t size =
      ::getxattr(path_of(fd.get()).c_str(), std::string(name).c_str(), value.data(), value.size());
  if (size < 0) return reply.fail(errno);
  reply.ok(std::span(value).first(static_cast<std::size_t>(size)));
}

void Mirror::listxattr(NodeId node, Reply<Bytes> reply) {
  const UniqueFd fd = place(node);
  std::vector<std::byte> names(XATTR_LIST_MAX);
  const ssize_t size =
      ::listxattr(path_of(fd.get()).c_str(), reinterpret_cast<char*>(names.data()), names.size());
  if (size < 0) return reply.fail(errno);
  reply.ok(std::span(names).first(static_cast<std::size_t>(size)));
}

void Mirror::removexattr(NodeId node, std::string_view name, Reply<Done> reply) {
  const UniqueFd fd = place(node);
  const int rc = ::removexattr(path_of(fd.get()).c_str(), std::string(name).c_str());
  const bool done_before = rc != 0 && errno == ENODATA && reply.resent();
  if ((rc == 0 || done_before) && name == kGrowing) wake(node);
  if (done_before) return reply.ok();
  answer(rc, reply);
}

}  // namespace mirror
