#include "attempt.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <utility>

namespace storage_daemon {
namespace {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Json;
using base::Result;
using base::Status;
using base::UniqueFd;

constexpr std::uint64_t kInodesAtOnce = 1024;
constexpr std::size_t kListAtOnce = 4096;
constexpr std::int64_t kBlockBytes = 512;
constexpr blksize_t kGoodSize = 1 << 20;
constexpr const char* kFactsFile = "attempt.json";
constexpr const char* kJournalFile = "journal";
constexpr const char* kUploadingFile = "uploading";

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return Error{ErrorCode::kNotFound, "cannot read " + path.native()};
  return std::move(text).str();
}

// Whole or not at all: under its name when it is written.
Status write_file(const std::filesystem::path& path, const std::string& text) {
  const std::string part = path.native() + ".part";
  {
    std::ofstream file(part, std::ios::binary | std::ios::trunc);
    if (!(file << text) || !file.flush()) {
      return Error{ErrorCode::kNoSpace, "cannot write " + part};
    }
  }
  if (::rename(part.c_str(), path.c_str()) != 0) {
    return error_from_errno(errno, "naming " + path.native());
  }
  return {};
}

bool append(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

storage_overlay::OverlayOptions overlay_options(const AttemptFacts& facts,
                                                const AttemptLimits& limits) {
  storage_overlay::OverlayOptions options;
  options.snapshot = facts.snapshot;
  options.activation = facts.activation_id;
  options.writer = facts.writer;
  options.volume = facts.hint;
  options.files_max = limits.files_max;
  return options;
}

}  // namespace

Json to_json(const AttemptFacts& facts) {
  return Json::object({{"number", facts.number},
                       {"client", facts.client},
                       {"ticket", facts.ticket},
                       {"namespace", facts.volume.namespace_name},
                       {"name", facts.volume.name},
                       {"space", facts.space},
                       {"activation", facts.activation_id},
                       {"writer", facts.writer},
                       {"snapshot", facts.snapshot},
                       {"volume", storage_control::volume_to_json(facts.hint)}});
}

Result<AttemptFacts> facts_from(const Json& json) {
  AttemptFacts facts;
  bool whole = json.is_object();
  const auto number = [&](const char* key) -> std::uint64_t {
    const Json* found = json.find(key);
    const auto value = found != nullptr ? found->as_int64() : std::nullopt;
    whole = whole && value && *value >= 0;
    return value ? static_cast<std::uint64_t>(*value) : 0;
  };
  const auto text = [&](const char* key) -> std::string {
    const Json* found = json.find(key);
    whole = whole && found != nullptr && found->is_string();
    return found != nullptr && found->is_string() ? found->as_string() : "";
  };
  facts.number = number("number");
  facts.client = text("client");
  facts.ticket = number("ticket");
  facts.volume = {text("namespace"), text("name")};
  facts.space = text("space");
  facts.activation_id = text("activation");
  facts.writer = text("writer");
  facts.snapshot = number("snapshot");
  const Json* hint = json.find("volume");
  if (!whole || hint == nullptr) {
    return Error{ErrorCode::kDataLoss, "the facts of an attempt are damaged"};
  }
  TRY(facts.hint, storage_control::volume_from(*hint));
  return facts;
}

Attempt::Attempt(AttemptFacts facts, std::shared_ptr<Volume> volume,
                 storage_tree::Snapshot snapshot, Staging staging, std::filesystem::path directory,
                 const AttemptLimits& limits)
    : facts_(std::move(facts)),
      volume_(std::move(volume)),
      snapshot_(std::move(snapshot)),
      staging_(std::move(staging)),
      directory_(std::move(directory)),
      limits_(limits),
      overlay_(overlay_options(facts_, limits)) {}

Result<std::shared_ptr<Attempt>> Attempt::begin(AttemptFacts facts, std::shared_ptr<Volume> volume,
                                                storage_tree::Snapshot snapshot,
                                                const std::filesystem::path& directory,
                                                const AttemptLimits& limits) {
  if (::mkdir(directory.c_str(), 0700) != 0) {
    return error_from_errno(errno, "making " + directory.native());
  }
  TRY(Staging staging, Staging::open(directory / "files"));
  const std::shared_ptr<Attempt> attempt(new Attempt(std::move(facts), std::move(volume),
                                                     std::move(snapshot), std::move(staging),
                                                     directory, limits));
  TRY_STATUS(attempt->open_journal());
  TRY_STATUS(attempt->learn_root());
  // Last: without facts there was no attempt.
  TRY_STATUS(write_file(directory / kFactsFile, to_json(attempt->facts_).to_string()));
  return attempt;
}

Result<std::shared_ptr<Attempt>> Attempt::resume(AttemptFacts facts, std::shared_ptr<Volume> volume,
                                                 storage_tree::Snapshot snapshot,
                                                 const std::filesystem::path& directory,
                                                 const AttemptLimits& limits) {
  TRY(Staging staging, Staging::open(directory / "files"));
  const std::shared_ptr<Attempt> attempt(new Attempt(std::move(facts), std::move(volume),
                                                     std::move(snapshot), std::move(staging),
                                                     directory, limits));
  TRY_STATUS(attempt->learn_root());
  TRY_STATUS(attempt->replay());
  TRY_STATUS(attempt->open_journal());
  return attempt;
}

Result<AttemptFacts> Attempt::read_facts(const std::filesystem::path& directory) {
  TRY(const std::string text, read_file(directory / kFactsFile));
  TRY(const Json json, Json::parse(text));
  return facts_from(json);
}

Status Attempt::open_journal() {
  const auto path = directory_ / kJournalFile;
  journal_.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!journal_.valid()) return error_from_errno(errno, "opening " + path.native());
  return {};
}

// What was written last, half, by a daemon that died was answered to nobody.
Status Attempt::replay() {
  TRY(const std::string journal, read_file(directory_ / kJournalFile));
  const std::size_t good = overlay_.replay(journal);
  if (::truncate((directory_ / kJournalFile).c_str(), static_cast<off_t>(good)) != 0) {
    return error_from_errno(errno, "cutting an attempt's journal");
  }
  return {};
}

Status Attempt::learn_root() {
  TRY(const auto root, tree().lookup(snapshot_, storage::kRootKey));
  overlay_.learn(storage::kRootKey, root);
  return {};
}

bool Attempt::keep_locked() {
  const std::string record = overlay_.take_journal();
  if (!append(journal_.get(), record)) return false;
  for (const InodeNumber inode : overlay_.take_ended()) staging_.remove(inode);
  return true;
}

Result<std::shared_ptr<const storage_overlay::Listing>> Attempt::list(InodeNumber directory) {
  auto names = std::make_shared<storage_overlay::Listing>();
  bool more = true;
  while (more) {
    const std::string after = names->empty() ? "" : names->back().first;
    TRY(auto page, tree().list(snapshot_, directory, after, kListAtOnce));
    more = page.more && !page.names.empty();
    names->insert(names->end(), std::make_move_iterator(page.names.begin()),
                  std::make_move_iterator(page.names.end()));
  }
  return std::shared_ptr<const storage_overlay::Listing>(std::move(names));
}

Status Attempt::fetch(const storage_overlay::Need& need) {
  for (const auto& key : need.names) {
    TRY(const auto entry, tree().lookup(snapshot_, key));
    const std::lock_guard lock(mutex_);
    overlay_.learn(key, entry);
  }
  for (const InodeNumber directory : need.directories) {
    TRY(auto listing, list(directory));
    const std::lock_guard lock(mutex_);
    overlay_.learn_directory(directory, std::move(listing));
  }
  if (need.inodes) {
    TRY(const InodeNumber first, tree().reserve(kInodesAtOnce));
    const std::lock_guard lock(mutex_);
    overlay_.give_inodes(first, kInodesAtOnce);
  }
  if (!need.promote.empty()) {
    return Error{ErrorCode::kUnsupported, "there are no ephemeral files here"};
  }
  return {};
}

storage_fuse::Attributes Attempt::attributes_locked(const storage_overlay::View& view) const {
  storage_fuse::Attributes out;
  struct stat& stat = out.stat;
  stat.st_ino = view.inode;
  stat.st_mode = storage::type_bits(view.attributes.type) | view.attributes.permissions;
  stat.st_nlink = view.links;
  stat.st_uid = view.attributes.uid;
  stat.st_gid = view.attributes.gid;
  stat.st_size = static_cast<off_t>(view.size);
  stat.st_blocks = (stat.st_size + kBlockBytes - 1) / kBlockBytes;
  stat.st_blksize = kGoodSize;
  stat.st_atim = timespec_of(view.attributes.accessed);
  stat.st_mtim = timespec_of(view.attributes.modified);
  stat.st_ctim = timespec_of(view.attributes.changed);
  struct stat staged{};
  if (view.staged && staging_.stat(view.inode, staged)) {
    stat.st_size = staged.st_size;
    stat.st_blocks = staged.st_blocks;
    stat.st_mtim = staged.st_mtim;
    if (time_of(staged.st_mtim) > view.attributes.changed) stat.st_ctim = staged.st_mtim;
  }
  return out;
}

storage_fuse::Node Attempt::node_locked(const storage_overlay::View& view) const {
  storage_fuse::Node node;
  node.id = node_of(facts_.number, view.inode);
  node.generation = generation_of(facts_.number);
  node.attributes = attributes_locked(view);
  return node;
}

Status Attempt::mark_uploading(const std::string& writer) {
  return write_file(directory_ / kUploadingFile, writer);
}

std::optional<std::string> Attempt::uploading(const std::filesystem::path& directory) {
  auto writer = read_file(directory / kUploadingFile);
  if (!writer) return std::nullopt;
  return *std::move(writer);
}

}  // namespace storage_daemon
