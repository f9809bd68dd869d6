#include "ruled_directories.h"

#include <cerrno>
#include <string>
#include <vector>

#include "base/text.h"
#include "change.h"
#include "hints/rules.h"
#include "visit.h"

namespace storage_daemon {

using base::Result;
using base::Status;
using storage_overlay::Overlay;

namespace {

using Path = std::vector<std::string>;

// Each loses only to others that make directories.
constexpr int kTries = 20;

Result<std::vector<Path>> missing(const Visit& visit, const hints::Volume& hint) {
  std::vector<Path> paths;
  for (const auto& rule : hints::effective_rules(hint)) {
    const auto directory = hints::directory_of(rule);
    if (!directory) continue;
    TRY(Path parts, parts_of(std::string(*directory)));
    TRY(const auto entry, visit.find(parts));
    if (!entry) paths.push_back(std::move(parts));
  }
  return paths;
}

// Where a file is in the way, the action will find that out.
Status make_path(Change& change, const Path& path, const storage_overlay::Act& act) {
  storage::InodeNumber at = storage::kRootInode;
  for (const std::string& name : path) {
    TRY(const auto view, change.apply(base::quoted(name), [&](Overlay& overlay) {
      auto found = overlay.lookup(at, name);
      if (found.ok() || found.error().error != ENOENT) return found;
      return overlay.make(at, name, {FileType::kDirectory, 0755, ""}, act);
    }));
    if (view.attributes.type != FileType::kDirectory) return {};
    at = view.inode;
  }
  return {};
}

}  // namespace

Result<bool> make_ruled_directories(const std::shared_ptr<Volume>& volume,
                                    const storage_tree::Snapshot& snapshot,
                                    const hints::Volume& hint, const base::Clock& clock,
                                    const std::filesystem::path& scratch) {
  if (hint.read_only || hint.rules.empty()) return false;
  TRY(const auto at_first, missing(Visit(volume, snapshot), hint));
  if (at_first.empty()) return false;
  for (int tries = 1;; ++tries) {
    TRY(const Visit visit, Visit::begin(volume));
    TRY(const auto paths, missing(visit, hint));
    if (paths.empty()) return true;
    TRY(const auto root, visit.find({}));
    const storage_overlay::Act act{root->attributes.uid, root->attributes.gid, clock.wall()};
    TRY(auto change, Change::begin(visit.attempt(scratch)));
    for (const Path& path : paths) TRY_STATUS(make_path(change, path, act));
    const auto committed = change.commit();
    if (committed) return true;
    if (committed.error().code != base::ErrorCode::kConflict || tries == kTries) {
      return committed.error();
    }
  }
}

}  // namespace storage_daemon
