// The mirror's open files and directories.
#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "mirror.h"
#include "mirror_tools.h"

namespace mirror {

using base::UniqueFd;

namespace {

constexpr mode_t kSetIds = S_ISUID | S_ISGID;

bool writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY; }

// What the kernel does by itself, or what would keep the mirror from reading.
int for_backing(int flags) {
  return flags & ~(O_APPEND | O_DIRECT | O_EXCL | O_CREAT | O_NOCTTY | O_NONBLOCK);
}

bool is_growing(int fd) { return ::fgetxattr(fd, kGrowing, nullptr, 0) >= 0; }

}  // namespace

Opened Mirror::opened(NodeId node, UniqueFd fd, const struct stat& stat, int flags) {
  ++counts_.opens;
  Opened answer;
  // Writes in the kernel do not clear set-id bits, and reads there do not wait.
  answer.direct_io =
      (writes(flags) && (stat.st_mode & kSetIds) != 0) || (!writes(flags) && is_growing(fd.get()));
  answer.no_flush = passthrough_;
  answer.keep_cache = !passthrough_;
  const std::lock_guard lock(mutex_);
  OpenFile& file = files_[node];
  ++file.opens;
  if (passthrough_) {
    answer.backing = std::move(fd);
  } else if (!file.fd.valid()) {
    // Whatever the first open was for, the file is served through this one.
    file.fd.reset(::open(path_of(fd.get()).c_str(), O_RDWR | O_CLOEXEC));
    if (!file.fd.valid()) file.fd = std::move(fd);
  }
  return answer;
}

void Mirror::open(NodeId node, const OpenHow& how, Reply<Opened> reply) {
  UniqueFd fd = descriptor(node, for_backing(how.flags));
  struct stat stat{};
  if (!fd.valid() || ::fstat(fd.get(), &stat) != 0) return reply.fail(errno);
  if (how.kill_set_ids) clear_set_ids(fd.get());
  reply.ok(opened(node, std::move(fd), stat, how.flags));
}

void Mirror::create(NodeId parent, std::string_view name, mode_t mode, const OpenHow& how,
                    Reply<Created> reply) {
  const UniqueFd directory = place(parent);
  const std::string text(name);
  UniqueFd fd;
  {
    const AsCaller as(reply.caller());
    // Never O_EXCL: the kernel has looked, and a request may come twice.
    const int flags = for_backing(how.flags) | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
    fd.reset(::openat(directory.get(), text.c_str(), flags, mode));
    // A file that its maker may not open is opened all the same.
    if (!fd.valid()) return reply.fail(errno);
  }
  finish_create(directory.get(), text, std::move(fd), how, std::move(reply));
}

void Mirror::tmpfile(NodeId parent, mode_t mode, const OpenHow& how, Reply<Created> reply) {
  const UniqueFd directory = place(parent);
  UniqueFd fd;
  {
    const AsCaller as(reply.caller());
    fd.reset(::openat(directory.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode));
  }
  if (!fd.valid()) return reply.fail(errno);
  finish_create(directory.get(), "", std::move(fd), how, std::move(reply));
}

void Mirror::finish_create(int directory, const std::string& name, UniqueFd fd, const OpenHow& how,
                           Reply<Created> reply) {
  Created created;
  if (!look_up(name.empty() ? fd.get() : directory, name.c_str(), created.node)) {
    return reply.fail(errno);
  }
  created.file = opened(created.node.id, std::move(fd), created.node.attributes.stat, how.flags);
  reply.ok(std::move(created));
}

void Mirror::with_file(NodeId node, const std::function<void(int)>& work) {
  std::unique_lock lock(mutex_);
  const auto found = files_.find(node);
  if (found != files_.end() && found->second.fd.valid()) {
    const UniqueFd copy(::fcntl(found->second.fd.get(), F_DUPFD_CLOEXEC, 3));
    lock.unlock();
    return work(copy.get());
  }
  lock.unlock();
  UniqueFd fd = descriptor(node, O_RDWR);
  if (!fd.valid()) fd = descriptor(node, O_RDONLY);
  work(fd.get());
}

void Mirror::read(NodeId node, Handle, std::uint64_t offset, std::size_t bytes,
                  Reply<Bytes> reply) {
  ++counts_.reads;
  with_file(node, [&](int fd) {
    std::vector<std::byte> buffer(bytes);
    const ssize_t size = ::pread(fd, buffer.data(), bytes, static_cast<off_t>(offset));
    if (size < 0) return reply.fail(errno);
    if (size == 0 && is_growing(fd)) {
      return park({node, offset, bytes, std::move(reply)});
    }
    reply.ok(std::span(buffer).first(static_cast<std::size_t>(size)));
  });
}

void Mirror::park(ParkedRead read) {
  ++counts_.parked;
  if (read.reply.resent()) ++counts_.resent;
  const std::uint64_t key = read.reply.unique();
  {
    const std::lock_guard lock(mutex_);
    if (read.reply.on_interrupt([this, key] { interrupted(key); })) {
      parked_.emplace(key, std::move(read));
      return;
    }
  }
  read.reply.fail(EINTR);
}

void Mirror::interrupted(std::uint64_t key) {
  ++counts_.interrupts;
  std::unique_lock lock(mutex_);
  auto read = parked_.extract(key);
  lock.unlock();
  if (!read.empty()) read.mapped().reply.fail(EINTR);
}

void Mirror::wake(NodeId node) {
  std::vector<ParkedRead> awake;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = parked_.begin(); it != parked_.end();) {
      if (it->second.node != node) {
        ++it;
        continue;
      }
      awake.push_back(std::move(it->second));
      it = parked_.erase(it);
    }
  }
  for (auto& one : awake) read(one.node, 0, one.offset, one.bytes, std::move(one.reply));
}

void Mirror::write(NodeId node, Handle, std::uint64_t offset, std::span<const std::byte> bytes,
                   const WriteHow& how, Reply<Count> reply) {
  ++counts_.writes;
  with_file(node, [&](int fd) {
    if (how.kill_set_ids) clear_set_ids(fd);
    answer(::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)), reply);
  });
  wake(node);
}

void Mirror::flush(NodeId, Handle, std::uint64_t, Reply<Done> reply) {
  ++counts_.flushes;
  reply.ok();
}

void Mirror::release(NodeId node, Handle, int, Reply<Done> reply) {
  ++counts_.releases;
  {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(node);
    if (found != files_.end() && --found->second.opens == 0) files_.erase(found);
  }
  reply.ok();
}

void Mirror::fsync(NodeId node, Handle, bool data_only, Reply<Done> reply) {
  with_file(node, [&](int fd) { answer(data_only ? ::fdatasync(fd) : ::fsync(fd), reply); });
}

void Mirror::fallocate(NodeId node, Handle, int mode, std::uint64_t offset, std::uint64_t length,
                       Reply<Done> reply) {
  with_file(node, [&](int fd) {
    answer(::fallocate(fd, mode, static_cast<off_t>(offset), static_cast<off_t>(length)), reply);
  });
}

void Mirror::lseek(NodeId node, Handle, std::uint64_t offset, int whence, Reply<Count> reply) {
  with_file(node, [&](int fd) { answer(::lseek(fd, static_cast<off_t>(offset), whence), reply); });
}

void Mirror::copy_file_range(NodeId from, Handle, std::uint64_t from_offset, NodeId to, Handle,
                             std::uint64_t to_offset, std::uint64_t length, Reply<Count> reply) {
  with_file(from, [&](int in) {
    with_file(to, [&](int out) {
      auto in_at = static_cast<off64_t>(from_offset), out_at = static_cast<off64_t>(to_offset);
      answer(::copy_file_range(in, &in_at, out, &out_at, length, 0), reply);
    });
  });
}

void Mirror::opendir(NodeId, Reply<OpenedDirectory> reply) { reply.ok({}); }
void Mirror::releasedir(NodeId, Handle, Reply<Done> reply) { reply.ok(); }

void Mirror::fsyncdir(NodeId node, Handle, bool, Reply<Done> reply) {
  const UniqueFd fd = descriptor(node, O_RDONLY | O_DIRECTORY);
  answer(::fsync(fd.get()), reply);
}

void Mirror::readdir(NodeId node, Handle, std::uint64_t offset, DirectoryPage page,
                     Reply<DirectoryPage> reply) {
  const UniqueFd fd = descriptor(node, O_RDONLY | O_DIRECTORY);
  if (!fd.valid()) return reply.fail(errno);
  // The backing file system's own offsets: they hold for as long as it is there.
  if (::lseek(fd.get(), static_cast<off_t>(offset), SEEK_SET) < 0) return reply.fail(errno);
  std::array<char, 32768> buffer;
  while (true) {
    const long size = ::syscall(SYS_getdents64, fd.get(), buffer.data(), buffer.size());
    if (size < 0) return reply.fail(errno);
    if (size == 0) return reply.ok(std::move(page));
    for (long at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
      if (!add_entry(fd.get(), *entry, page)) return reply.ok(std::move(page));
      at += entry->d_reclen;
    }
  }
}

bool Mirror::add_entry(int directory, const dirent64& entry, DirectoryPage& page) {
  const auto next = static_cast<std::uint64_t>(entry.d_off);
  const std::string_view name = entry.d_name;
  const bool own = name == "." || name == "..";
  Node node;
  InodeHandle handle;
  if (own || !page.with_attributes() || !describe(directory, entry.d_name, node, handle)) {
    return page.add_bare(name, entry.d_ino, DTTOIF(entry.d_type), next);
  }
  if (!page.add(name, node, next)) return false;
  known_->look_up(node.id, handle);
  return true;
}

}  // namespace mirror
