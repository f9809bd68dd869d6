// What an overlay holds in memory, and the steps that its operations are made of.
#pragma once

#include <algorithm>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "journal.h"
#include "storage_overlay/overlay.h"

namespace storage_overlay {

// One name in a directory: what the snapshot says, and what the attempt made of it.
struct Name {
  InodeNumber base = 0;  // 0: not there
  InodeNumber now = 0;
  CommitNumber committed = 0;
  std::uint64_t cookie = 0;  // of a changed name that is there
  bool known = false;        // base and committed are
  bool changed = false;      // now counts

  InodeNumber current() const { return changed ? now : base; }
};

struct Directory {
  std::map<std::string, Name, std::less<>> names;  // that were looked up or changed
  std::map<std::uint64_t, std::string> own;        // changed names that are there, by cookie
  std::uint64_t next_cookie = 0;
  std::shared_ptr<const Listing> listing;  // of the snapshot, when it was needed
  // The first listing, whose places number its names. Names that came into the snapshot later are
  // in `placed`, by cookie; `place_of` is the way back.
  std::shared_ptr<const Listing> numbered;
  std::map<std::uint64_t, std::string> placed;
  std::map<std::string, std::uint64_t, std::less<>> place_of;
  bool listed = false;
  bool gone = false;  // it was removed
};

struct Node {
  Attributes attributes;
  Content content;
  std::uint32_t links = 1;
  std::uint32_t base_links = 0;
  CommitNumber committed = 0;
  std::uint64_t held = 0;
  NameKey base_key;            // where the snapshot has it; unused when `is_new`
  std::vector<NameKey> names;  // that are known to lead to it
  std::unique_ptr<Directory> directory;
  std::optional<FileTime> touched;  // a directory's step since its attributes were set
  std::int32_t subdirectories = 0;  // the same, of its links
  bool is_new = false;
  bool changed = false;  // attributes, links or content are not the snapshot's
  bool staged = false;
  bool unnamed = false;  // made without a name: may still get one
  bool born_unnamed = false;
  bool replayed = false;
  bool stub = true;   // only base_key is known, if anything
  bool old = false;   // the rest is of an older snapshot, and so is base_key
  bool lost = false;  // it is not under base_key any more

  bool is_directory() const { return attributes.type == FileType::kDirectory; }
  bool is_shared() const { return !is_directory() && (base_links > 1 || links > 1); }
};

inline constexpr std::uint64_t kFirstBaseCookie = 3;
inline constexpr std::uint64_t kFirstOwnCookie = std::uint64_t{1} << 32;
inline constexpr std::uint64_t kFirstLiveCookie = std::uint64_t{1} << 42;
inline constexpr std::uint64_t kDirectorySize = 4096;
inline constexpr std::string_view kTierXattr = "user.tier";

// A file that an operation is about: in the overlay, or live.
struct Found {
  InodeNumber inode = 0;
  Node* node = nullptr;
  std::optional<Entry> live;

  bool exists() const { return inode != 0; }
  const Attributes& attributes() const { return node ? node->attributes : live->attributes; }
  bool is_directory() const { return attributes().type == FileType::kDirectory; }
};

// The live names of a directory, in the order of a listing that is under way.
struct LiveListing {
  struct Item {
    InodeNumber inode = 0;
    std::string name;
    FileType type = FileType::kRegular;
  };
  InodeNumber directory = 0;
  std::vector<Item> items;
};

// What a rename is about.
struct Move {
  NameKey from, to;
  Found from_directory, to_directory;
  Found source, target;
  bool exchange = false;
};

struct Overlay::State {
  OverlayOptions options;
  LiveNames* live = nullptr;
  std::unordered_map<InodeNumber, Node> nodes;
  std::unordered_map<InodeNumber, NameKey> live_keys;  // of live directories, as last seen
  std::set<InodeNumber> removed_directories;           // of the snapshot
  std::set<InodeNumber> promotable;
  // Where something is published on the way, so that it costs what was changed and not what is
  // known: nodes that may be changed, with directories in which names were; and those with a
  // listing.
  std::set<InodeNumber> active, listings;
  InodeNumber next_inode = 0, end_inode = 0;
  std::uint64_t files = 0;          // new or staged
  std::uint64_t journal_bytes = 0;  // so far
  JournalWriter journal;
  std::vector<InodeNumber> ended;
  std::map<std::uint64_t, Earlier> answers;
  std::deque<std::uint64_t> answer_order;
  // Of the last directories that were listed and not yet to the end, the latest first: asking for
  // all names with each page would be much dearer than the pages.
  std::list<LiveListing> live_listings;

  // Looking.
  Answer<Node*> node(InodeNumber inode);  // Need when only its name is known; ENOENT
  Answer<Found> file(InodeNumber inode);
  Answer<Found> directory(InodeNumber inode);  // ENOTDIR
  Answer<Found> writable_directory(InodeNumber inode);
  Answer<Found> find(const Found& directory, std::string_view name);
  Answer<InodeNumber> find_durable(InodeNumber number, Node& directory, std::string_view name);
  Answer<bool> is_empty(const Found& directory);
  bool is_elsewhere(InodeNumber inode, const Node& node) const;
  Answer<Done> know_path(InodeNumber directory);
  std::optional<NameKey> key_of(InodeNumber directory) const;
  bool is_below(InodeNumber directory, InodeNumber ancestor) const;
  View view_of(const Found& found) const;
  const LiveListing& live_listing(InodeNumber directory, bool anew);

  // Tiers.
  hints::Tier tier_of(const Found& directory, std::string_view name,
                      bool is_directory = false) const;
  std::string path_of(InodeNumber directory, std::string_view name) const;

  // Changing. Everything was checked.
  Directory& names_of(Node& node);
  void absorb(const NameKey& key, const Entry& entry);
  void saw(InodeNumber directory, std::string_view name, InodeNumber base, CommitNumber committed);
  void set_name(const NameKey& key, InodeNumber inode);  // 0: no more
  void put_name(const NameKey& key, InodeNumber inode, std::uint64_t cookie);
  void touch(const Found& directory, const Found& child, FileTime now, int subdirectories);
  void update(InodeNumber inode, Node& node, FileTime now);  // its ctime, as of all below
  void update(InodeNumber inode, Node& node, Attributes attributes);
  Answer<Done> keep(const Found& file, Attributes attributes, FileTime now);
  void note(InodeNumber inode, const Node& node) { journal.add(record_of(inode, node)); }
  static SetNode record_of(InodeNumber inode, const Node& node);
  void drop_name_of(const NameKey& key, const Found& file, FileTime now);
  void erase_if_done(InodeNumber inode);
  void remember_answer(std::uint64_t request, Earlier earlier);
  Answer<Done> room();
  Answer<InodeNumber> new_inode();
  Attributes new_attributes(const Attributes& directory, const NewFile& file, const Act& act) const;
  Node& add_node(InodeNumber inode, Node node);
  Answer<Done> check_move(const Move& move);
  Answer<bool> check_tiers(const Move& move);  // whether the source is promoted
  Answer<Done> check_promotion(const Found& file);
  void move_names(const Move& move, FileTime now);
  void exchange_names(const Move& move, FileTime now);
  Answer<Done> move_live(const Move& move, FileTime now);
  Answer<Done> promote(Move move, FileTime now);

  // Another snapshot.
  void move(const Moved& record);
  void activate(InodeNumber inode) {
    if (options.publish != Publish::kAtEnd) active.insert(inode);
  }
  void drop_listings();
  void settle_names(CommitNumber number);
  void settle_nodes(CommitNumber number);
  void settle_name(const NameKey& key, CommitNumber number);
  void undo_names();
  void undo_nodes();
  void forget_snapshot(std::optional<CommitNumber> keep);
  void drop_dead();
  void make_old(Node& node);
  void place(Directory& directory);
  static void place(Directory& directory, std::uint64_t cookie, const std::string& name);

  // The journal.
  void apply(const Moved& record) { move(record); }
  void apply(const OldNode& record);
  void apply(const SawName& record);
  void apply(const SawListing& record);
  void apply(const SetName& record);
  void apply(const SetNode& record);
  void apply(const SetContent& record);
  void apply(const DropNode& record);
  void apply(const RemovedDirectory& record);
  void apply(const GaveInodes& record);
  void apply(const LiveDirectory& record);
  void apply(const NextCookie& record);
  void apply(const Answered& record);
  void write_old(JournalWriter& out) const;
  void write_names(JournalWriter& out) const;
  void write_nodes(JournalWriter& out) const;
  void write_changed_names(JournalWriter& out) const;
};

int check_name(std::string_view name);

}  // namespace storage_overlay
