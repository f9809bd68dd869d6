#include "change.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "ending.h"
#include "volume_source.h"

namespace storage_daemon {

using base::Result;
using base::Status;
using base::UniqueFd;

namespace {

constexpr std::uint64_t kFilesMax = 1'000'000;
constexpr std::uint64_t kInodesAtOnce = 16;

}  // namespace

Change::Change(Attempt attempt)
    : attempt_(std::make_unique<const Attempt>(std::move(attempt))),
      overlay_(overlay_options(attempt_->facts(), kFilesMax)) {}

Result<Change> Change::begin(Attempt attempt) {
  Change change(std::move(attempt));
  TRY_STATUS(Attempt::make_folder(change.attempt_->directory()));
  TRY_STATUS(change.attempt_->write_facts());
  return change;
}

Change::~Change() {
  std::error_code ignored;
  if (attempt_) std::filesystem::remove_all(attempt_->directory(), ignored);
}

Status Change::learn(const storage_overlay::Need& need) {
  storage_tree::Tree& tree = attempt_->tree();
  for (const auto& key : need.names) {
    TRY(const auto entry, tree.lookup(attempt_->snapshot(), key));
    overlay_.learn(key, entry);
  }
  for (const InodeNumber directory : need.directories) {
    TRY(auto listing, list_all(tree, attempt_->snapshot(), directory));
    overlay_.learn_directory(directory, std::move(listing));
  }
  if (need.inodes) {
    TRY(const InodeNumber first, tree.reserve(kInodesAtOnce));
    overlay_.give_inodes(first, kInodesAtOnce);
  }
  return {};
}

Result<UniqueFd> Change::stage(InodeNumber inode) {
  const auto path = attempt_->staging() / std::to_string(inode);
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd.valid()) return base::error_from_errno(errno, "making a staging file");
  TRY_STATUS(apply("staging a file", [&](auto& overlay) { return overlay.stage(inode); }));
  return fd;
}

Result<storage::CommitReport> Change::commit() {
  auto changes = overlay_.changes();
  Finished finished;
  finished.read = std::move(changes.read);
  finished.write = std::move(changes.write);
  for (const InodeNumber inode : changes.staged) {
    finished.staged.push_back({inode, attempt_->staging() / std::to_string(inode)});
    struct stat stat{};
    if (::stat(finished.staged.back().path.c_str(), &stat) == 0) {
      finished.staged.back().take(stat);
    }
  }
  finished.set_times();
  bool unknown = false;
  const auto path_of = [this](const storage::NameKey& key) { return overlay_.path_of(key); };
  auto committed = storage_daemon::commit(*attempt_, std::move(finished), path_of, unknown);
  if (unknown) static_cast<void>(give_up(*attempt_).ok());
  if (!committed) return std::move(committed).error();
  return std::move(committed->report);
}

}  // namespace storage_daemon
