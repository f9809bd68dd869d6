// Listings whose places stay valid: names of the snapshot are numbered in their order, the
// attempt's own in the order in which they were made, live ones by their inodes.
#include <tuple>

#include "state.h"

namespace storage_overlay {
namespace {

class Lister {
 public:
  Lister(std::uint64_t after, std::size_t most) : after_(after), most_(most) {}

  // False when the page is full.
  bool add(std::string_view name, InodeNumber inode, FileType type, std::uint64_t cookie) {
    if (cookie <= after_) return true;
    if (page_.size() >= most_) return false;
    page_.push_back({std::string(name), inode, type, cookie});
    return true;
  }
  std::uint64_t after() const { return after_; }
  std::vector<Listed> take() { return std::move(page_); }

 private:
  std::uint64_t after_;
  std::size_t most_;
  std::vector<Listed> page_;
};

bool list_base(const Directory& directory, Lister& lister) {
  const Listing& listing = *directory.listing;
  std::size_t index = lister.after() < kFirstBaseCookie ? 0 : lister.after() - kFirstBaseCookie + 1;
  for (; index < listing.size(); ++index) {
    const auto& [name, entry] = listing[index];
    const auto at = directory.names.find(name);
    if (at != directory.names.end() && at->second.changed) continue;
    if (!lister.add(name, entry.inode, entry.attributes.type, kFirstBaseCookie + index))
      return false;
  }
  return true;
}

bool list_live(Listing live, const Directory* directory, Lister& lister) {
  std::ranges::sort(live, {},
                    [](const auto& item) { return std::tie(item.second.inode, item.first); });
  for (const auto& [name, entry] : live) {
    if (directory != nullptr) {
      const auto at = directory->names.find(name);
      if (at != directory->names.end() && at->second.current() != 0) continue;
    }
    if (!lister.add(name, entry.inode, entry.attributes.type, kFirstLiveCookie + entry.inode))
      return false;
  }
  return true;
}

}  // namespace

Answer<std::vector<Listed>> Overlay::list(InodeNumber directory, std::uint64_t after,
                                          std::size_t most) {
  State& state = *state_;
  TRY(const Found found, state.directory(directory));
  Directory* const names = found.node != nullptr ? &state.names_of(*found.node) : nullptr;
  if (names != nullptr && names->gone) return std::vector<Listed>{};
  if (names != nullptr && !found.node->is_new) {
    if (!names->listing) {
      Need need;
      need.directories.insert(directory);
      return Stop{0, std::move(need)};
    }
    if (!names->listed) state.journal.add(SawListing{directory});
    names->listed = true;
  }
  Lister lister(after, most);
  const auto key = state.key_of(directory);
  bool room = lister.add(".", directory, FileType::kDirectory, 1) &&
              lister.add("..", key && key->directory != 0 ? key->directory : directory,
                         FileType::kDirectory, 2);
  if (names != nullptr && names->listing && after < kFirstOwnCookie)
    room = room && list_base(*names, lister);
  if (names != nullptr)
    for (auto at = names->own.upper_bound(after); room && at != names->own.end(); ++at) {
      const InodeNumber inode = names->names.find(at->second)->second.now;
      room = lister.add(at->second, inode, state.nodes.at(inode).attributes.type, at->first);
    }
  if (room && state.live != nullptr) list_live(state.live->list(directory), names, lister);
  return lister.take();
}

}  // namespace storage_overlay
