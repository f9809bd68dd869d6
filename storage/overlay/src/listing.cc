// Listings whose places stay valid: names of the snapshot are numbered in their order, the
// attempt's own in the order in which they were made, live ones by their inodes.
#include <algorithm>
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
  bool is_empty() const { return page_.empty(); }
  std::vector<Listed> take() { return std::move(page_); }

 private:
  std::uint64_t after_;
  std::size_t most_;
  std::vector<Listed> page_;
};

const Entry* find_in(const Directory& directory, std::string_view name) {
  const auto at = std::ranges::lower_bound(
      *directory.listing, name, {}, [](const auto& item) { return std::string_view(item.first); });
  return at != directory.listing->end() && at->first == name ? &at->second : nullptr;
}

bool is_changed(const Directory& directory, std::string_view name) {
  const auto at = directory.names.find(name);
  return at != directory.names.end() && at->second.changed;
}

bool list_base(const Directory& directory, Lister& lister) {
  const Listing& listing = *directory.numbered;
  std::size_t index = lister.after() < kFirstBaseCookie ? 0 : lister.after() - kFirstBaseCookie + 1;
  for (; index < listing.size(); ++index) {
    const std::string& name = listing[index].first;
    const Entry* const entry =
        directory.listing == directory.numbered ? &listing[index].second : find_in(directory, name);
    if (entry == nullptr || is_changed(directory, name) || directory.place_of.contains(name))
      continue;
    if (!lister.add(name, entry->inode, entry->attributes.type, kFirstBaseCookie + index))
      return false;
  }
  return true;
}

// Names that the attempt made, and those that came into the snapshot while it moved on.
bool list_own(const Overlay::State& state, const Directory& directory, Lister& lister) {
  auto own = directory.own.upper_bound(lister.after());
  auto placed = directory.placed.upper_bound(lister.after());
  while (own != directory.own.end() || placed != directory.placed.end()) {
    if (own != directory.own.end() &&
        (placed == directory.placed.end() || own->first < placed->first)) {
      const InodeNumber inode = directory.names.find(own->second)->second.now;
      if (!lister.add(own->second, inode, state.nodes.at(inode).attributes.type, own->first))
        return false;
      ++own;
      continue;
    }
    const auto& [cookie, name] = *placed++;
    const Entry* const entry = directory.listing ? find_in(directory, name) : nullptr;
    if (entry == nullptr || is_changed(directory, name)) continue;
    if (!lister.add(name, entry->inode, entry->attributes.type, cookie)) return false;
  }
  return true;
}

constexpr std::size_t kLiveListingsMax = 4;

void list_live(const LiveListing& live, const Directory* directory, Lister& lister) {
  const InodeNumber done =
      lister.after() < kFirstLiveCookie ? 0 : lister.after() - kFirstLiveCookie;
  for (auto at = std::ranges::upper_bound(live.items, done, {}, &LiveListing::Item::inode);
       at != live.items.end(); ++at) {
    if (directory != nullptr) {
      const auto durable = directory->names.find(at->name);
      if (durable != directory->names.end() && durable->second.current() != 0) continue;
    }
    if (!lister.add(at->name, at->inode, at->type, kFirstLiveCookie + at->inode)) return;
  }
}

}  // namespace

// `anew`: a listing begins, and shows what is there now.
const LiveListing& Overlay::State::live_listing(InodeNumber directory, bool anew) {
  const auto known = std::ranges::find(live_listings, directory, &LiveListing::directory);
  if (known != live_listings.end() && !anew) {
    live_listings.splice(live_listings.begin(), live_listings, known);
    return live_listings.front();
  }
  if (known != live_listings.end()) live_listings.erase(known);
  if (live_listings.size() == kLiveListingsMax) live_listings.pop_back();
  LiveListing& listing = live_listings.emplace_front();
  listing.directory = directory;
  for (auto& [name, entry] : live->list(directory))
    listing.items.push_back({entry.inode, std::move(name), entry.attributes.type});
  std::ranges::sort(listing.items, {},
                    [](const auto& item) { return std::tie(item.inode, item.name); });
  return listing;
}

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
  if (room && names != nullptr) room = list_own(state, *names, lister);
  if (room && state.live != nullptr) {
    list_live(state.live_listing(directory, after < kFirstLiveCookie), names, lister);
    if (lister.is_empty()) state.live_listings.pop_front();  // it has come to its end
  }
  return lister.take();
}

}  // namespace storage_overlay
