#include "visit.h"

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

Result<Visit> Visit::begin(std::shared_ptr<Volume> volume) {
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

Status Visit::count(storage::InodeNumber directory, Totals& totals) const {
  std::string after;
  for (bool more = true; more;) {
    TRY(const auto page, tree().list(snapshot_, directory, after, kNamesAtOnce));
    for (const auto& [name, entry] : page.names) {
      after = name;
      if (entry.attributes.type == FileType::kDirectory) {
        ++totals.directories;
        TRY_STATUS(count(entry.inode, totals));
      } else {
        ++totals.files;
        totals.bytes += entry.content.size;
      }
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
