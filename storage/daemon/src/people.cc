#include "people.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "attempt.h"
#include "base/text.h"
#include "ending.h"

namespace storage_daemon {

using base::Error;
using base::ErrorCode;
using base::Json;
using base::Result;
using base::Status;
using storage::Entry;
using storage::FileType;
using storage::NameKey;
using storage_control::encode_bytes;
using storage_control::Place;

namespace {

constexpr std::size_t kNamesAtOnce = 200;
constexpr std::size_t kCollectsMax = 1000;

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

Json describe(const Entry& entry) {
  return Json::object({{"type", text_of(entry.attributes.type)},
                       {"bytes", entry.content.size},
                       {"mode", std::int64_t{entry.attributes.permissions}},
                       {"uid", std::int64_t{entry.attributes.uid}},
                       {"gid", std::int64_t{entry.attributes.gid}},
                       {"links", std::int64_t{entry.links}},
                       {"modifiedMs", base::epoch_ms(entry.attributes.modified)},
                       {"inode", entry.inode},
                       {"commit", entry.committed},
                       {"tier", "durable"}});
}

// "a//b/" is a and b; what could lead out of the volume is refused.
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

Error error_of(int error, const Place& place) {
  if (error == ENOENT) return not_there(place);
  return base::error_from_errno(error, base::quoted(place.path));
}

struct Totals {
  std::uint64_t files = 0, directories = 0, bytes = 0;
};

}  // namespace

// One snapshot of a volume; with a writer, one transaction.
class People::Visit {
 public:
  static Result<Visit> begin(std::shared_ptr<Volume> volume) {
    TRY(storage_tree::Snapshot snapshot, volume->tree->begin());
    return Visit(std::move(volume), std::move(snapshot));
  }

  storage_tree::Tree& tree() const { return *volume_->tree; }
  const storage_tree::Snapshot& snapshot() const { return snapshot_; }

  Result<std::optional<Entry>> find(const std::vector<std::string>& parts) const {
    TRY(auto entry, tree().lookup(snapshot_, storage::kRootKey));
    for (const std::string& part : parts) {
      if (!entry || entry->attributes.type != FileType::kDirectory) return std::optional<Entry>();
      const NameKey key{entry->inode, part};
      TRY(entry, tree().lookup(snapshot_, key));
    }
    return entry;
  }

  Status count(storage::InodeNumber directory, Totals& totals) const {
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

  // A place for changes of the attempts' kind.
  Result<std::shared_ptr<Attempt>> attempt(const std::filesystem::path& scratch) const {
    AttemptFacts facts;
    facts.number = 1;
    facts.volume = volume_->name;
    facts.space = volume_->space;
    facts.activation_id = "person-" + random_name();
    facts.writer = random_name();
    facts.hint.name = "volume";
    facts.hint.path = "/mnt/volume";
    facts.snapshot = snapshot_.number();
    return Attempt::begin(std::move(facts), volume_, snapshot_, scratch / random_name(),
                          {1'000'000});
  }

 private:
  Visit(std::shared_ptr<Volume> volume, storage_tree::Snapshot snapshot)
      : volume_(std::move(volume)), snapshot_(std::move(snapshot)) {}

  std::shared_ptr<Volume> volume_;
  storage_tree::Snapshot snapshot_;
};

namespace {

// Carries an operation out, whatever has to be learnt for it.
template <typename Op>
auto wait_for(Attempt& attempt, const Place& place, Op op)
    -> Result<std::remove_cvref_t<decltype(*op(attempt.overlay_locked()))>> {
  while (true) {
    storage_overlay::Need need;
    {
      const std::lock_guard lock(attempt.mutex());
      auto answer = op(attempt.overlay_locked());
      if (answer.ok()) return *std::move(answer);
      if (answer.error().error != 0) return error_of(answer.error().error, place);
      need = answer.error().need;
    }
    TRY_STATUS(attempt.fetch(need));
  }
}

// Commits, and leaves nothing in the scratch folder.
Result<storage::CommitReport> settle(Attempt& attempt) {
  bool unknown = false;
  auto committed = commit(attempt, unknown);
  if (unknown) static_cast<void>(give_up(attempt).ok());
  std::error_code ignored;
  std::filesystem::remove_all(attempt.directory(), ignored);
  return committed;
}

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return base::error_from_errno(errno, "writing the copy");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::int64_t> pour(int from, int to) {
  std::int64_t total = 0;
  std::string buffer(1 << 20, '\0');
  while (true) {
    const ssize_t got = ::read(from, buffer.data(), buffer.size());
    if (got == 0) return total;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::error_from_errno(errno, "reading the file to be copied");
    TRY_STATUS(write_all(to, std::string_view(buffer).substr(0, static_cast<std::size_t>(got))));
    total += got;
  }
}

// The directories on the way are made where they are missing.
Result<storage::InodeNumber> make_directories(Attempt& attempt, const Place& place,
                                              const std::vector<std::string>& parts,
                                              const storage_overlay::Act& act) {
  storage::InodeNumber at = storage::kRootInode;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    TRY(const auto view, wait_for(attempt, place, [&](storage_overlay::Overlay& overlay) {
          auto found = overlay.lookup(at, parts[i]);
          if (found.ok() || found.error().error != ENOENT) return found;
          return overlay.make(at, parts[i], {FileType::kDirectory, 0755, ""}, act);
        }));
    at = view.inode;
  }
  return at;
}

Result<Json> copy_in(Attempt& attempt, const Place& place, const std::vector<std::string>& parts,
                     int file, const storage_overlay::Act& act) {
  TRY(const auto directory, make_directories(attempt, place, parts, act));
  TRY(const auto view, wait_for(attempt, place, [&](storage_overlay::Overlay& overlay) {
        auto found = overlay.lookup(directory, parts.back());
        if (found.ok() || found.error().error != ENOENT) return found;
        return overlay.make(directory, parts.back(), {FileType::kRegular, 0644, ""}, act);
      }));
  if (view.attributes.type != FileType::kRegular) {
    return Error{ErrorCode::kInvalidArgument, base::quoted(place.path) + " is not a regular file"};
  }
  TRY(const auto staged, wait_for(attempt, place, [&](storage_overlay::Overlay& overlay) {
        return overlay.stage(view.inode);
      }));
  static_cast<void>(staged);
  const base::UniqueFd copy = attempt.staging().make(view.inode);
  if (!copy.valid()) return base::error_from_errno(errno, "making a staging file");
  TRY(const std::int64_t bytes, pour(file, copy.get()));
  return Json::object({{"bytes", bytes}});
}

Result<Json> copy_out(storage_tree::Tree& tree, const Entry& entry, const Place& place, int file) {
  if (entry.attributes.type != FileType::kRegular) {
    return Error{ErrorCode::kInvalidArgument, base::quoted(place.path) + " is not a regular file"};
  }
  constexpr std::uint64_t kPieceBytes = 4 * storage::kDataObjectBytes;
  for (std::uint64_t at = 0; at < entry.content.size;) {
    TRY(const std::string piece, tree.read(entry.inode, entry.content, at, kPieceBytes));
    TRY_STATUS(write_all(file, piece));
    if (piece.empty()) return Error{ErrorCode::kDataLoss, "the file is shorter than it should be"};
    at += piece.size();
  }
  return Json::object({{"bytes", entry.content.size}});
}

const char* text_of(storage_tree::Finding::Kind kind) {
  static constexpr const char* kWords[] = {"damaged",      "missing data", "unreachable",
                                           "two names",    "wrong links",  "orphan data",
                                           "orphan shard", "unfinished",   "misplaced"};
  return kWords[static_cast<std::size_t>(kind)];
}

Json to_json(const storage_tree::FsckReport& report) {
  Json findings = Json::array();
  for (const auto& finding : report.findings) {
    if (findings.items().size() >= kNamesAtOnce) break;
    findings.append(Json::object({{"kind", text_of(finding.kind)},
                                  {"what", encode_bytes(finding.what)},
                                  {"repaired", finding.repaired}}));
  }
  return Json::object({{"directories", report.directories},
                       {"files", report.files},
                       {"dataObjects", report.data_objects},
                       {"found", std::uint64_t{report.findings.size()}},
                       {"findings", std::move(findings)}});
}

Json to_json(const storage_tree::CollectReport& report) {
  return Json::object({{"sessions", report.sessions},
                       {"uploads", report.uploads},
                       {"commits", report.commits},
                       {"versions", report.versions},
                       {"dataObjects", report.data_objects},
                       {"activations", report.activations},
                       {"splits", report.splits}});
}

bool did_something(const storage_tree::CollectReport& report) {
  return !(report == storage_tree::CollectReport{});
}

void add(const storage_tree::CollectReport& from, storage_tree::CollectReport& to) {
  to.sessions += from.sessions;
  to.uploads += from.uploads;
  to.commits += from.commits;
  to.versions += from.versions;
  to.data_objects += from.data_objects;
  to.activations += from.activations;
  to.splits += from.splits;
}

std::string name_in_answers(const VolumeName& name) {
  return name.namespace_name + "/" + name.name;
}

}  // namespace

People::People(Volumes& volumes, const base::Clock& clock, std::filesystem::path scratch)
    : volumes_(volumes), clock_(clock), scratch_(std::move(scratch)) {
  std::error_code ignored;
  std::filesystem::remove_all(scratch_, ignored);
  std::filesystem::create_directories(scratch_, ignored);
}

Result<Json> People::list_volumes(const storage_control::List& call) {
  TRY(const auto page, volumes_.list(call.place.namespace_name, call.after));
  Json entries = Json::array();
  for (const VolumeName& name : page.names) {
    entries.append(Json::object({{"namespace", name.namespace_name}, {"name", name.name}}));
  }
  return Json::object({{"entries", std::move(entries)}, {"after", encode_bytes(page.after)}});
}

Result<Json> People::list(const storage_control::List& call) {
  if (call.place.volume.empty()) return list_volumes(call);
  TRY(const auto parts, parts_of(call.place.path));
  TRY(auto volume, volumes_.open({call.place.namespace_name, call.place.volume}));
  TRY(const Visit visit, Visit::begin(std::move(volume)));
  TRY(const auto entry, visit.find(parts));
  if (!entry) return not_there(call.place);
  Json entries = Json::array();
  if (entry->attributes.type != FileType::kDirectory) {
    entries.append(describe(*entry).set("name", encode_bytes(parts.back())));
    return Json::object({{"entries", std::move(entries)}, {"after", ""}});
  }
  TRY(const auto page, visit.tree().list(visit.snapshot(), entry->inode, call.after, kNamesAtOnce));
  std::string after;
  for (const auto& [name, child] : page.names) {
    entries.append(describe(child).set("name", encode_bytes(name)));
    if (page.more) after = encode_bytes(name);
  }
  return Json::object({{"entries", std::move(entries)}, {"after", std::move(after)}});
}

Result<Json> People::stat(const storage_control::Stat& call) {
  TRY(const auto parts, parts_of(call.place.path));
  TRY(auto volume, volumes_.open({call.place.namespace_name, call.place.volume}));
  TRY(const Visit visit, Visit::begin(std::move(volume)));
  TRY(const auto entry, visit.find(parts));
  if (!entry) return not_there(call.place);
  Json json = describe(*entry);
  json.set("writer", entry->content.writer);
  if (!parts.empty()) return json;
  TRY(const auto stat, visit.tree().stat());
  return json.set("head", stat.head)
      .set("horizon", stat.horizon)
      .set("keys", stat.keys)
      .set("shards", stat.shards)
      .set("sessions", stat.sessions)
      .set("uploading", stat.attempts_uploading)
      .set("toDelete", stat.to_delete);
}

Result<Json> People::usage(const storage_control::Usage& call) {
  TRY(const auto parts, parts_of(call.place.path));
  TRY(auto volume, volumes_.open({call.place.namespace_name, call.place.volume}));
  TRY(const Visit visit, Visit::begin(std::move(volume)));
  TRY(const auto entry, visit.find(parts));
  if (!entry) return not_there(call.place);
  Totals totals;
  if (entry->attributes.type == FileType::kDirectory) {
    ++totals.directories;
    TRY_STATUS(visit.count(entry->inode, totals));
  } else {
    ++totals.files;
    totals.bytes = entry->content.size;
  }
  Json durable = Json::object(
      {{"bytes", totals.bytes}, {"files", totals.files}, {"directories", totals.directories}});
  return Json::object({{"durable", std::move(durable)}});
}

Result<Json> People::remove(const storage_control::Remove& call) {
  const Place& place = call.place;
  TRY(const auto parts, parts_of(place.path));
  if (parts.empty()) {
    if (!call.whole_volume) {
      return Error{ErrorCode::kInvalidArgument,
                   "to remove a whole volume, say so: it goes with everything in it"};
    }
    TRY_STATUS(volumes_.remove({place.namespace_name, place.volume}));
    return Json::object({{"removed", "volume"}});
  }
  TRY(auto volume, volumes_.open({place.namespace_name, place.volume}));
  TRY(const Visit visit, Visit::begin(std::move(volume)));
  TRY(const auto entry, visit.find(parts));
  if (!entry) return not_there(place);
  TRY(const auto attempt, visit.attempt(scratch_));
  const storage_overlay::Act act{0, 0, clock_.wall()};
  // The overlay knows a file only by a name that was looked up.
  TRY(const auto directory, make_directories(*attempt, place, parts, act));
  TRY(const auto done, wait_for(*attempt, place, [&](storage_overlay::Overlay& overlay) {
        return entry->attributes.type == FileType::kDirectory
                   ? overlay.remove_directory(directory, parts.back(), act)
                   : overlay.unlink(directory, parts.back(), act);
      }));
  static_cast<void>(done);
  TRY(const auto committed, settle(*attempt));
  return Json::object({{"removed", text_of(entry->attributes.type)}, {"commit", committed.number}});
}

Result<Json> People::copy(const storage_control::Copy& call, base::UniqueFd file) {
  const Place& place = call.place;
  TRY(const auto parts, parts_of(place.path));
  if (parts.empty()) {
    return Error{ErrorCode::kInvalidArgument, "a copy needs the name of a file in the volume"};
  }
  const VolumeName name{place.namespace_name, place.volume};
  TRY(auto volume,
      call.into_volume&& call.make_volume ? volumes_.open_or_make(name, 0) : volumes_.open(name));
  TRY(const Visit visit, Visit::begin(std::move(volume)));
  if (!call.into_volume) {
    TRY(const auto entry, visit.find(parts));
    if (!entry) return not_there(place);
    return copy_out(visit.tree(), *entry, place, file.get());
  }
  TRY(const auto root, visit.find({}));
  const storage_overlay::Act act{root->attributes.uid, root->attributes.gid, clock_.wall()};
  TRY(const auto attempt, visit.attempt(scratch_));
  auto copied = copy_in(*attempt, place, parts, file.get(), act);
  if (!copied) {
    std::error_code ignored;
    std::filesystem::remove_all(attempt->directory(), ignored);
    return copied;
  }
  TRY(const auto committed, settle(*attempt));
  return copied->set("commit", committed.number);
}

// The volume that is meant, or all.
Result<std::vector<VolumeName>> People::names_of(const Place& place) {
  if (!place.volume.empty()) return std::vector<VolumeName>{{place.namespace_name, place.volume}};
  std::vector<VolumeName> names;
  std::string after;
  do {
    TRY(auto page, volumes_.list(place.namespace_name, after));
    names.insert(names.end(), page.names.begin(), page.names.end());
    after = page.after;
  } while (!after.empty());
  return names;
}

Result<Json> People::collect(const storage_control::Collect& call) {
  TRY(const auto names, names_of(call.place));
  Json json = Json::object();
  for (const VolumeName& name : names) {
    TRY(const auto volume, volumes_.open(name));
    storage_tree::CollectReport total;
    for (std::size_t i = 0; i < kCollectsMax; ++i) {
      TRY(const auto report, volume->tree->collect());
      add(report, total);
      if (!did_something(report)) break;
    }
    json.set(name_in_answers(name), to_json(total));
  }
  return json;
}

Result<Json> People::check(const storage_control::Check& call) {
  TRY(const auto names, names_of(call.place));
  Json json = Json::object();
  for (const VolumeName& name : names) {
    TRY(const auto volume, volumes_.open(name));
    TRY(const auto report, volume->tree->fsck(call.repair));
    json.set(name_in_answers(name), to_json(report));
  }
  return json;
}

}  // namespace storage_daemon
