#include "volume_source.h"

#include <iterator>
#include <utility>

namespace storage_daemon {

using base::Result;
using storage::InodeNumber;
using storage_overlay::Listing;
using storage_tree::Snapshot;
using storage_tree::Tree;

namespace {

constexpr std::size_t kListAtOnce = 4096;

}  // namespace

Result<std::shared_ptr<const Listing>> list_all(Tree& tree, const Snapshot& snapshot,
                                                InodeNumber directory) {
  auto names = std::make_shared<Listing>();
  for (bool more = true; more;) {
    const std::string after = names->empty() ? "" : names->back().first;
    TRY(auto page, tree.list(snapshot, directory, after, kListAtOnce));
    more = page.more && !page.names.empty();
    names->insert(names->end(), std::make_move_iterator(page.names.begin()),
                  std::make_move_iterator(page.names.end()));
  }
  return std::shared_ptr<const Listing>(std::move(names));
}

template <typename T, typename Ask>
void VolumeSource::post(Done<T> done, Ask ask) {
  const bool posted = pool_.post([volume = volume_, snapshot = attempt_->snapshot(), done,
                                  ask = std::move(ask)] { done(ask(*volume->tree, snapshot)); });
  if (!posted) {
    done(base::Error{base::ErrorCode::kUnavailable, "too much waits for the store already"});
  }
}

void VolumeSource::lookup(const storage::NameKey& key, Done<std::optional<storage::Entry>> done) {
  if (key == storage::kRootKey) return lookup_root(std::move(done));
  post(std::move(done),
       [key](Tree& tree, const Snapshot& snapshot) { return tree.lookup(snapshot, key); });
}

void VolumeSource::lookup_root(Done<std::optional<storage::Entry>> done) {
  if (auto known = volume_->root.at(attempt_->snapshot().number())) return done(std::move(known));
  post(std::move(done), [volume = volume_](Tree& tree, const Snapshot& snapshot) {
    auto found = tree.lookup(snapshot, storage::kRootKey);
    if (found && *found) volume->root.keep(snapshot.number(), **found);
    return found;
  });
}

void VolumeSource::list(InodeNumber directory, Done<std::shared_ptr<const Listing>> done) {
  post(std::move(done), [directory](Tree& tree, const Snapshot& snapshot) {
    return list_all(tree, snapshot, directory);
  });
}

void VolumeSource::reserve(std::uint64_t count, Done<InodeNumber> done) {
  post(std::move(done), [count](Tree& tree, const Snapshot&) { return tree.reserve(count); });
}

void VolumeSource::read(InodeNumber inode, const storage::Content& content, std::uint64_t offset,
                        std::uint64_t length, Done<std::string> done) {
  post(std::move(done), [inode, content, offset, length](Tree& tree, const Snapshot&) {
    return tree.read(inode, content, offset, length);
  });
}

}  // namespace storage_daemon
