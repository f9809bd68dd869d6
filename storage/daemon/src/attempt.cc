#include "attempt.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/unique_fd.h"

namespace storage_daemon {
namespace {

using base::Error;
using base::error_from_errno;
using base::ErrorCode;
using base::Json;
using base::Result;
using base::Status;

// A line with the facts, and one with the answer when the attempt has ended.
constexpr const char* kAttemptFile = "attempt.json";
constexpr const char* kUploadingFile = "uploading";
constexpr const char* kSnapshotFile = "snapshot";

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return Error{ErrorCode::kNotFound, "cannot read " + path.native()};
  return std::move(text).str();
}

// Whole or not at all: a line without its end is none.
Status write_line(const std::filesystem::path& path, int flags, std::string line) {
  line += '\n';
  const base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600));
  if (!file.valid()) return error_from_errno(errno, "opening " + path.native());
  const ssize_t written = ::write(file.get(), line.data(), line.size());
  if (written < 0) return error_from_errno(errno, "writing " + path.native());
  if (static_cast<std::size_t>(written) == line.size()) return {};
  return Error{ErrorCode::kNoSpace, "no room for all of " + path.native()};
}

// Whole or as before.
Status replace_file(const std::string& path, const std::string& text) {
  const std::string part = path + ".part";
  {
    std::ofstream file(part, std::ios::binary | std::ios::trunc);
    if (!(file << text) || !file.flush()) {
      return Error{ErrorCode::kNoSpace, "cannot write " + part};
    }
  }
  if (::rename(part.c_str(), path.c_str()) != 0) return error_from_errno(errno, "naming " + path);
  return {};
}

std::optional<std::string> read_line(const std::filesystem::path& path, int number) {
  const auto text = read_file(path);
  std::size_t begin = 0;
  for (; text; --number) {
    const auto end = text->find('\n', begin);
    if (end == std::string::npos) break;
    if (number == 0) return text->substr(begin, end - begin);
    begin = end + 1;
  }
  return std::nullopt;
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

storage_overlay::Publish publish_of(const hints::Volume& volume) {
  using storage_overlay::Publish;
  if (volume.isolation == hints::Isolation::kNone) return Publish::kAtOnce;
  return volume.fsync == hints::FsyncMeans::kPublish ? Publish::kOnSync : Publish::kAtEnd;
}

storage_overlay::OverlayOptions overlay_options(const AttemptFacts& facts,
                                                std::uint64_t files_max) {
  storage_overlay::OverlayOptions options;
  options.snapshot = facts.snapshot;
  options.activation = facts.activation_id;
  options.writer = facts.writer;
  options.volume = facts.hint;
  options.publish = publish_of(facts.hint);
  options.files_max = files_max;
  return options;
}

Status Attempt::make_folder(const std::filesystem::path& directory) {
  const auto staging = directory / kStaging;
  if (::mkdir(directory.c_str(), 0700) != 0 || ::mkdir(staging.c_str(), 0700) != 0) {
    return error_from_errno(errno, "making " + staging.native());
  }
  return {};
}

Status Attempt::write_facts() const {
  return write_line(directory_ / kAttemptFile, O_APPEND, to_json(facts_).to_string());
}

Result<AttemptFacts> Attempt::read_facts(const std::filesystem::path& directory) {
  const auto line = read_line(directory / kAttemptFile, 0);
  if (!line) return Error{ErrorCode::kNotFound, "no attempt began in " + directory.native()};
  TRY(const Json json, Json::parse(*line));
  return facts_from(json);
}

Status Attempt::write_ended(const Result<storage::VolumeReport>& ended) const {
  storage_control::Answer answer{facts_.number, Json()};
  if (ended) {
    answer.value = storage_control::report_to_json(*ended);
  } else {
    answer.value = ended.error();
  }
  return write_line(directory_ / kAttemptFile, O_APPEND, storage_control::encode(answer));
}

std::optional<Result<storage::VolumeReport>> Attempt::read_ended(
    const std::filesystem::path& directory) {
  const auto line = read_line(directory / kAttemptFile, 1);
  if (!line) return std::nullopt;
  auto answer = storage_control::decode_answer(*line);
  if (!answer) return std::move(answer).error();
  if (!answer->value) return std::move(answer->value).error();
  return storage_control::report_from(*answer->value);
}

// One name at a time has something under way: an earlier one was settled before another is begun.
// So a mark that is not whole, because the daemon died here, may stand for a name that nobody has.
Status Attempt::mark_uploading(const std::string& writer) const {
  return write_line(directory_ / kUploadingFile, O_TRUNC, writer);
}

Status Attempt::clear_uploading() const {
  const auto path = directory_ / kUploadingFile;
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return error_from_errno(errno, "removing " + path.native());
}

Status Attempt::write_snapshot(storage::CommitNumber number) const {
  return replace_file(directory_ / kSnapshotFile, std::to_string(number));
}

std::optional<storage::CommitNumber> Attempt::read_snapshot(
    const std::filesystem::path& directory) {
  const auto text = read_file(directory / kSnapshotFile);
  storage::CommitNumber number = 0;
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return number;
}

// A '/' is in no activation's id, and in no writer's name.
CommitName publication_name(const std::string& activation, const std::string& writer) {
  return {activation + "/" + writer, writer};
}

std::string mark_of_publication(const std::string& writer) { return "/" + writer; }

bool is_mark_of_publication(const std::string& mark) { return mark.starts_with('/'); }

CommitName commit_of(const std::string& activation, const std::string& mark) {
  if (is_mark_of_publication(mark)) return publication_name(activation, mark.substr(1));
  return {activation, mark};
}

std::optional<std::string> Attempt::uploading(const std::filesystem::path& directory) {
  const auto text = read_file(directory / kUploadingFile);
  if (!text || text->empty()) return std::nullopt;
  return text->substr(0, text->find('\n'));
}

}  // namespace storage_daemon
