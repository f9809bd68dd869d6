// Collecting and checking volumes.
#include <set>
#include <utility>

#include "people.h"
#include "storage_tree/outcome.h"
#include "visit.h"

namespace storage_daemon {

using base::Json;
using base::Result;
using storage_control::encode_bytes;
using storage_control::Place;

namespace {

constexpr std::size_t kFindingsMax = 200;
constexpr std::size_t kCollectsMax = 1000;

const char* text_of(storage_tree::Finding::Kind kind) {
  static constexpr const char* kWords[] = {"damaged",      "missing data", "unreachable",
                                           "two names",    "wrong links",  "orphan data",
                                           "orphan shard", "unfinished",   "misplaced"};
  return kWords[static_cast<std::size_t>(kind)];
}

Json to_json(const storage_tree::FsckReport& report) {
  Json findings = Json::array();
  for (const auto& finding : report.findings) {
    if (findings.items().size() >= kFindingsMax) break;
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

const char* text_of(storage_ephemeral::LiveFinding::Kind kind) {
  return kind == storage_ephemeral::LiveFinding::Kind::kNoDirectory ? "in no directory"
                                                                    : "missing bytes";
}

// Ephemeral names whose directory is no more, and bytes that should be on this node.
Result<Json> check_ephemeral(const std::shared_ptr<Volume>& volume, bool repair) {
  TRY(const Visit visit, Visit::begin(volume));
  auto& files = visit.ephemeral();
  std::set<storage::InodeNumber> gone = files.durable_directories();
  TRY(const auto root, visit.see({}));
  TRY_STATUS(visit.each_directory(*root, [&](const Seen& seen) { gone.erase(seen.entry.inode); }));
  const auto found = files.check(gone, repair);
  if (repair && !found.empty()) {
    TRY_STATUS(wait_for([&](auto done) { files.flush({}, std::move(done)); }));
  }
  Json findings = Json::array();
  for (const auto& finding : found) {
    if (findings.items().size() >= kFindingsMax) break;
    findings.append(Json::object({{"kind", text_of(finding.kind)},
                                  {"what", encode_bytes(finding.name.name)},
                                  {"inode", finding.inode},
                                  {"repaired", finding.repaired}}));
  }
  return Json::object({{"files", files.count()},
                       {"found", std::uint64_t{found.size()}},
                       {"findings", std::move(findings)}});
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

Result<Json> People::share(const storage_control::Share& call) {
  const VolumeName name{call.place.namespace_name, call.place.volume};
  TRY_STATUS(volumes_.share(name, {call.with, call.read_only}));
  TRY(Json shared, shared_with(name));
  return Json::object({{"sharedWith", std::move(shared)}});
}

Result<Json> People::unshare(const storage_control::Unshare& call) {
  const VolumeName name{call.place.namespace_name, call.place.volume};
  TRY_STATUS(volumes_.unshare(name, call.with));
  TRY(Json shared, shared_with(name));
  return Json::object({{"sharedWith", std::move(shared)}});
}

Result<Json> People::shared_with(const VolumeName& name) {
  TRY(const auto grants, volumes_.grants(name));
  Json shared = Json::array();
  for (const Grant& grant : grants) {
    shared.append(
        Json::object({{"namespace", grant.namespace_name}, {"readOnly", grant.read_only}}));
  }
  return shared;
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
    TRY(Json ephemeral, check_ephemeral(volume, call.repair));
    json.set(name_in_answers(name), to_json(report).set("ephemeral", std::move(ephemeral)));
  }
  return json;
}

}  // namespace storage_daemon
