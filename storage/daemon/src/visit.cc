#include "visit.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.h"

namespace storage_daemon {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kNamesAtOnce = 200;

}  // namespace

const char* text_of(FileType type) {
  switch (type) {
    case FileType::kDirectory:
      return "directory";
    case FileType::kSymlink:
      return "symlink";
    case FileType::kFifo:
      return "fifo";
    case FileType::kSocket:
      return "socket";
    case FileType::kRegular:
      break;
  }
  return "file";
}

Result<std::vector<std::string>> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  while (at <= path.size()) {
    const auto end = std::min(path.find('/', at), path.size());
    std::string part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty()) continue;
    if (part == "." || part == ".." || part.find('\0') != std::string::npos) {
      return Error{ErrorCode::kInvalidArgument, "the path of a file is relative and normal"};
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

Error not_there(const Place& place) {
  return {ErrorCode::kNotFound,
          "there is no " + base::quoted(place.path) + " in the volume " + place.volume};
}

// What was flushed before is seen.
Result<Visit> Visit::begin(std::shared_ptr<Volume> volume) {
  TRY_STATUS(wait_for([&](auto done) { volume->ephemeral->refresh(std::move(done)); }));
  TRY(storage_tree::Snapshot snapshot, volume->tree->begin());
  return Visit(std::move(volume), std::move(snapshot));
}

Result<std::optional<Entry>> Visit::find(const std::vector<std::string>& parts) const {
  TRY(auto entry, tree().lookup(snapshot_, storage::kRootKey));
  for (const std::string& part : parts) {
    if (!entry || entry->attributes.type != FileType::kDirectory) return std::optional<Entry>();
    const NameKey key{entry->inode, part};
    TRY(entry, tree().lookup(snapshot_, key));
  }
  return entry;
}

Seen Visit::seen_of(const storage_ephemeral::Entry& live, NameKey key) const {
  Seen seen;
  seen.entry.inode = live.inode;
  seen.entry.attributes = live.record.attributes;
  seen.entry.links = live.links;
  if (live.record.attributes.type == FileType::kRegular) {
    const auto size = ephemeral().size(live.inode);
    seen.entry.content.size = size ? *size : live.record.size;
  }
  seen.live = live;
  seen.key = std::move(key);
  return seen;
}

Result<std::optional<Seen>> Visit::see(const std::vector<std::string>& parts) const {
  TRY(auto root, tree().lookup(snapshot_, storage::kRootKey));
  if (!root) return std::optional<Seen>();
  Seen seen{*std::move(root), std::nullopt, storage::kRootKey};
  for (const std::string& part : parts) {
    if (!seen.is_directory()) return std::optional<Seen>();
    const NameKey key{seen.entry.inode, part};
    std::optional<Entry> durable;
    if (!seen.live) {
      TRY(durable, tree().lookup(snapshot_, key));
    }
    if (durable) {
      seen = {*std::move(durable), std::nullopt, key};
      continue;
    }
    const auto live = ephemeral().find(key);
    if (!live) return std::optional<Seen>();
    seen = seen_of(*live, key);
  }
  return std::optional(std::move(seen));
}

// Behind the last name of a page that was cut short, the other tier may have names that belong
// between its names and those that follow.
Result<SeenPage> Visit::list(const Seen& directory, const std::string& after,
                             std::size_t most) const {
  const storage::InodeNumber inode = directory.entry.inode;
  std::map<std::string, Seen> names;
  std::optional<std::string> last;
  for (const auto& [name, live] : ephemeral().list(inode, after, most)) {
    names.insert_or_assign(name, seen_of(live, {inode, name}));
  }
  if (names.size() == most) last = names.rbegin()->first;
  if (!directory.live) {
    TRY(auto page, tree().list(snapshot_, inode, after, most));
    if (page.more && !page.names.empty()) {
      const std::string& end = page.names.back().first;
      last = last ? std::min(*last, end) : end;
    }
    for (auto& [name, entry] : page.names) {
      names.insert_or_assign(name, Seen{std::move(entry), std::nullopt, {inode, name}});
    }
  }
  SeenPage page;
  page.more = last.has_value();
  for (auto& [name, seen] : names) {
    if (last && name > *last) break;
    page.names.emplace_back(name, std::move(seen));
  }
  return page;
}

Status Visit::count(const Seen& directory, TierTotals& totals) const {
  std::string after;
  for (bool more = true; more;) {
    TRY(const auto page, list(directory, after, kNamesAtOnce));
    for (const auto& [name, seen] : page.names) {
      after = name;
      Totals& tier = totals.of(seen);
      ++(seen.is_directory() ? tier.directories : tier.files);
      tier.bytes += seen.is_directory() ? 0 : seen.entry.content.size;
      if (seen.is_directory()) TRY_STATUS(count(seen, totals));
    }
    more = page.more && !page.names.empty();
  }
  return {};
}

Status Visit::each_directory(const Seen& directory,
                             const std::function<void(const Seen&)>& visit) const {
  visit(directory);
  std::string after;
  for (bool more = true; more;) {
    TRY(const auto page, list(directory, after, kNamesAtOnce));
    for (const auto& [name, seen] : page.names) {
      after = name;
      if (seen.is_directory()) TRY_STATUS(each_directory(seen, visit));
    }
    more = page.more && !page.names.empty();
  }
  return {};
}

Attempt Visit::attempt(const std::filesystem::path& scratch) const {
  AttemptFacts facts;
  facts.volume = volume_->name;
  facts.space = volume_->space;
  facts.activation_id = "person-" + random_name();
  facts.writer = random_name();
  facts.hint.name = "volume";
  facts.hint.path = "/mnt/volume";
  facts.snapshot = snapshot_.number();
  return {std::move(facts), volume_, snapshot_, scratch / random_name()};
}

}  // namespace storage_daemon
