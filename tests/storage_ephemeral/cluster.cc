#include "cluster.h"

#include <unistd.h>

#include <algorithm>
#include <random>

namespace storage_ephemeral {

Cluster::~Cluster() {
  for (auto& [name, running] : nodes_) running.volume.reset();
  nodes_.clear();
}

Volume& Cluster::start(const NodeName& name, const Change& change,
                       const std::vector<Attempt>& alive) {
  stop(name);
  NodeSettings settings{
      .name = name,
      .listen = {"127.0.0.1", 0},
      .trust = SharedKey{"a key that nodes of this test share"},
      .address_of = [this](const NodeName& other) { return address(other); },
      .copy_candidates =
          [this, name] {
            std::vector<NodeName> others;
            const std::lock_guard lock(mutex_);
            for (const auto& [other, at] : addresses_) {
              if (other != name) others.push_back(other);
            }
            return others;
          },
  };
  if (change) change(settings);
  auto node = Node::start(std::move(settings), store, clock, base::Logger(sink_, clock));
  EXPECT_TRUE(node.ok()) << (node.ok() ? "" : node.error().message);
  std::filesystem::create_directories(directory(name));
  auto volume = (*node)->attach("guest/job", directory(name), alive);
  EXPECT_TRUE(volume.ok()) << (volume.ok() ? "" : volume.error().message);
  redirect(name, NodeAddress{"127.0.0.1", (*node)->port()});
  Running& running = nodes_[name];
  running = {std::move(*node), std::move(*volume)};
  return *running.volume;
}

void Cluster::stop(const NodeName& name) {
  const auto found = nodes_.find(name);
  if (found == nodes_.end()) return;
  found->second.volume.reset();
  nodes_.erase(found);
}

void Cluster::redirect(const NodeName& name, std::optional<NodeAddress> address) {
  const std::lock_guard lock(mutex_);
  if (address) {
    addresses_[name] = *address;
  } else {
    addresses_.erase(name);
  }
}

std::optional<NodeAddress> Cluster::address(const NodeName& name) {
  const std::lock_guard lock(mutex_);
  const auto found = addresses_.find(name);
  return found == addresses_.end() ? std::nullopt : std::optional(found->second);
}

void watchful(NodeSettings& settings) {
  settings.patience = std::chrono::milliseconds(1000);
  settings.heartbeat = std::chrono::milliseconds(300);
}

base::Status flush(Volume& volume, const Attempt& attempt) {
  AnswerStatus answer;
  volume.flush(attempt, answer.done());
  return answer.get();
}

base::Status refresh(Volume& volume) {
  AnswerStatus answer;
  volume.refresh(answer.done());
  return answer.get();
}

NewInode new_file(storage::InodeNumber inode, const Attempt& attempt) {
  return {.inode = inode,
          .attributes = {},
          .target = {},
          .attempt = attempt,
          .lifetime = {.kind = Lifetime::Kind::kVolume, .owner = {}, .expires = {}},
          .seal = SealWhen::kClose,
          .copies = 1};
}

storage::NameKey name(const std::string& text) { return {storage::kRootInode, text}; }

OpenFile begin_file(Volume& volume, const std::string& text, const NewInode& what) {
  const auto made = volume.create(name(text), what);
  EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
  auto file = volume.open_write(what.inode, what.attempt, Volume::Rewrite::kTruncate);
  EXPECT_TRUE(file.ok()) << (file.ok() ? "" : file.error().message);
  return std::move(*file);
}

void append(const OpenFile& file, std::string_view bytes) {
  const off_t end = ::lseek(file.backing.get(), 0, SEEK_END);
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file.backing.get(), bytes.data(), bytes.size(),
                                   ::lseek(file.backing.get(), 0, SEEK_END));
    ASSERT_GT(count, 0);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  ASSERT_GE(end, 0);
}

FileId write_file(Volume& volume, const std::string& text, const NewInode& what,
                  std::string_view bytes) {
  const OpenFile file = begin_file(volume, text, what);
  append(file, bytes);
  volume.close_write(file.file);
  return file.file;
}

base::Result<std::string> read_rest(Volume& volume, const OpenFile& file, std::uint64_t from,
                                    std::size_t step) {
  std::string all;
  std::string buffer(step, '\0');
  while (true) {
    const std::uint64_t at = from + all.size();
    Answer<std::uint64_t> there;
    volume.await_bytes(file.file, at, step, there.done());
    TRY(const std::uint64_t length, there.get());
    if (length == 0) return all;
    const ssize_t got = ::pread(file.backing.get(), buffer.data(), length, static_cast<off_t>(at));
    if (got != static_cast<ssize_t>(length)) {
      return base::Error{base::ErrorCode::kInternal, "promised bytes are not there"};
    }
    all.append(buffer, 0, length);
  }
}

base::Result<OpenFile> open_file(Volume& volume, const std::string& text, const Attempt& attempt,
                                 Volume::Visible visible) {
  if (!eventually([&] { return volume.find(name(text)).has_value(); })) {
    return base::Error{base::ErrorCode::kNotFound, "the name never came"};
  }
  Answer<OpenFile> opened;
  volume.open_read(volume.find(name(text))->inode, attempt, visible, opened.done());
  return opened.get();
}

base::Result<std::string> read_file(Volume& volume, const std::string& text,
                                    const Attempt& attempt) {
  TRY(const OpenFile file, open_file(volume, text, attempt));
  auto bytes = read_rest(volume, file);
  volume.close_read(file.file);
  return bytes;
}

std::string noise(std::size_t bytes, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string result(bytes, '\0');
  for (std::size_t i = 0; i < bytes; i += 8) {
    const std::uint64_t word = random();
    result.replace(i, std::min<std::size_t>(8, bytes - i), reinterpret_cast<const char*>(&word),
                   std::min<std::size_t>(8, bytes - i));
  }
  return result;
}

}  // namespace storage_ephemeral
