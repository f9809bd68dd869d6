#include "storage_attempts/attempt_file_system.h"

#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <unordered_map>

#include "serve.h"

namespace storage_attempts {
namespace {

// They never change, so that the kernel asks for them once: nobody counts the attempts by them.
storage_fuse::Attributes root_attributes() {
  storage_fuse::Attributes attributes;
  attributes.stat.st_ino = storage_fuse::kRootNode;
  attributes.stat.st_mode = S_IFDIR | 0755;
  attributes.stat.st_nlink = 2;
  attributes.stat.st_blksize = 4096;
  return attributes;
}

}  // namespace

AttemptFileSystem::AttemptFileSystem(FileSystemOptions options, ContentCache& cache,
                                     base::Logger log)
    : options_(options),
      passthrough_(std::make_shared<std::atomic<bool>>(true)),
      cache_(cache),
      log_(std::move(log)) {}

AttemptFileSystem::~AttemptFileSystem() = default;

void AttemptFileSystem::start(const storage_fuse::Abilities& abilities) {
  *passthrough_ = abilities.passthrough;
}

base::Status AttemptFileSystem::attach(AttemptOptions options) {
  const std::uint64_t slot = slot_of(options.number);
  const base::Error taken{base::ErrorCode::kAlreadyExists, "an attempt with that slot is attached"};
  if (slot == 0) return base::Error{base::ErrorCode::kInvalidArgument, "slot 0 is the mount's own"};
  if (attempt_of(node_of(slot, 0))) return taken;
  TRY(auto attempt, Attempt::open(std::move(options), options_, cache_, passthrough_));
  const std::lock_guard lock(attempts_mutex_);
  if (!attempts_.emplace(slot, std::move(attempt)).second) return taken;
  return {};
}

std::shared_ptr<AttemptFileSystem::Attempt> AttemptFileSystem::attempt_of(NodeId node) const {
  const std::lock_guard lock(attempts_mutex_);
  const auto at = attempts_.find(node >> kInodeBits);
  return at != attempts_.end() ? at->second : nullptr;
}

base::Result<std::shared_ptr<AttemptFileSystem::Attempt>> AttemptFileSystem::attempt_with(
    std::uint64_t number) const {
  auto attempt = attempt_of(node_of(number, 0));
  if (attempt && attempt->options.number == number) return attempt;
  return base::Error{base::ErrorCode::kNotFound, "there is no attempt " + name_of(number)};
}

base::Result<Finished> AttemptFileSystem::finish(std::uint64_t number) {
  TRY(const auto attempt, attempt_with(number));
  const std::lock_guard lock(attempt->mutex);
  return attempt->finish();
}

std::vector<StagedFile> AttemptFileSystem::written(std::uint64_t number) const {
  const auto attempt = attempt_with(number);
  if (!attempt.ok()) return {};
  const std::lock_guard lock((*attempt)->mutex);
  return (*attempt)->written();
}

void AttemptFileSystem::keep(std::uint64_t number, const std::map<InodeNumber, Content>& contents) {
  const auto attempt = attempt_with(number);
  if (!attempt.ok()) return;
  const std::lock_guard lock((*attempt)->mutex);
  for (const auto& [inode, content] : contents) (*attempt)->keep(inode, content);
}

void AttemptFileSystem::await_closes(std::uint64_t number,
                                     std::chrono::milliseconds patience) const {
  const auto attempt = attempt_with(number);
  if (!attempt.ok()) return;
  std::unique_lock lock((*attempt)->mutex);
  (*attempt)->closed.wait_for(lock, patience, [&] { return !(*attempt)->has_writers(); });
}

std::string AttemptFileSystem::path_of(std::uint64_t number, const storage::NameKey& key) const {
  const auto attempt = attempt_with(number);
  if (!attempt.ok()) return key.name;
  const std::lock_guard lock((*attempt)->mutex);
  return (*attempt)->overlay.path_of(key);
}

base::Result<std::vector<storage::TierTraffic>> AttemptFileSystem::traffic(
    std::uint64_t number) const {
  TRY(const auto attempt, attempt_with(number));
  const std::lock_guard lock(attempt->mutex);
  return attempt->traffic();
}

void AttemptFileSystem::drop(std::uint64_t number) {
  const auto attempt = attempt_with(number);
  if (!attempt.ok()) return;
  {
    const std::lock_guard lock(attempts_mutex_);
    attempts_.erase(slot_of(number));
  }
  const std::lock_guard lock((*attempt)->mutex);
  (*attempt)->drop();
}

namespace {

void for_each_entry(storage::WriteSet& write,
                    const std::function<void(InodeNumber, storage::Entry&)>& set) {
  for (auto& [key, entry] : write.names)
    if (entry) set(entry->inode, *entry);
  for (auto& [inode, entry] : write.shared) set(inode, entry);
}

}  // namespace

void Finished::set_contents(std::map<InodeNumber, Content>& contents) {
  std::unordered_map<InodeNumber, Content*> places;  // the last one that was met
  for_each_entry(write, [&](InodeNumber inode, storage::Entry& entry) {
    const auto at = contents.find(inode);
    if (at == contents.end()) return;
    auto& place = places[inode];
    if (place != nullptr) *place = at->second;
    place = &entry.content;
  });
  for (const auto& [inode, place] : places) {
    Content& content = contents.at(inode);
    *place = content.writer.empty() ? std::move(content) : content;
  }
}

void Finished::set_times() {
  std::unordered_map<InodeNumber, const StagedFile*> files;
  for (const StagedFile& file : staged) files.emplace(file.inode, &file);
  for_each_entry(write, [&](InodeNumber inode, storage::Entry& entry) {
    const auto at = files.find(inode);
    if (at == files.end()) return;
    entry.attributes.accessed = at->second->accessed;
    entry.attributes.modified = at->second->modified;
    entry.attributes.changed = at->second->changed;
  });
}

// --- The root of the mount: attempts.

void AttemptFileSystem::lookup_attempt(std::string_view name, Reply<storage_fuse::Node> reply) {
  std::uint64_t number = 0;
  if (!name.starts_with("a")) return reply.fail(ENOENT);
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), number);
  if (error != std::errc() || name != name_of(number) || end != name.data() + name.size())
    return reply.fail(ENOENT);
  const auto attempt = attempt_with(number);
  if (!attempt.ok()) return reply.fail(ENOENT);
  serve<storage_fuse::Node>(*attempt, std::move(reply),
                            [](Attempt& a) -> Answer<storage_fuse::Node> {
                              TRY(const View view, a.overlay.view(storage::kRootInode));
                              TRY(auto node, a.node_of(view));
                              node.name_valid = storage_fuse::Timeout::zero();  // it ends
                              return node;
                            });
}

void AttemptFileSystem::list_attempts(std::uint64_t offset, storage_fuse::DirectoryPage page,
                                      Reply<storage_fuse::DirectoryPage> reply) {
  std::vector<std::uint64_t> numbers;
  {
    const std::lock_guard lock(attempts_mutex_);
    for (const auto& [slot, attempt] : attempts_) numbers.push_back(attempt->options.number);
  }
  bool room = offset >= 1 || page.add_bare(".", storage_fuse::kRootNode, S_IFDIR, 1);
  room = room && (offset >= 2 || page.add_bare("..", storage_fuse::kRootNode, S_IFDIR, 2));
  for (const std::uint64_t number : numbers)
    if (room && slot_of(number) + 2 > offset)
      room = page.add_bare(name_of(number), storage::kRootInode, S_IFDIR, slot_of(number) + 2);
  reply.ok(std::move(page));
}

void AttemptFileSystem::lookup(NodeId parent, std::string_view name,
                               Reply<storage_fuse::Node> reply) {
  if (parent == storage_fuse::kRootNode) return lookup_attempt(name, std::move(reply));
  serve_fresh<storage_fuse::Node>(
      attempt_of(parent), std::move(reply),
      [parent, name = std::string(name)](Attempt& a) -> Answer<storage_fuse::Node> {
        auto view = a.overlay.lookup(inode_of(parent), name);
        if (view.ok()) return a.node_of(*view);
        // Nobody else makes names here: that there is none may be remembered.
        if (view.error().error == ENOENT && !a.options.ephemeral && !a.publishes())
          return storage_fuse::Node{};
        return std::move(view).error();
      });
}

void AttemptFileSystem::forget(NodeId node, std::uint64_t lookups) {
  const auto attempt = attempt_of(node);
  if (!attempt) return;
  const std::lock_guard lock(attempt->mutex);
  if (attempt->dropped) return;
  attempt->overlay.forget(inode_of(node), lookups);
  attempt->write_journal();
}

void AttemptFileSystem::getattr(NodeId node, Reply<storage_fuse::Attributes> reply) {
  if (node == storage_fuse::kRootNode) return reply.ok(root_attributes());
  serve<storage_fuse::Attributes>(attempt_of(node), std::move(reply),
                                  [node](Attempt& a) -> Answer<storage_fuse::Attributes> {
                                    TRY(const View view, a.overlay.view(inode_of(node)));
                                    return a.attributes_of(view);
                                  });
}

}  // namespace storage_attempts
