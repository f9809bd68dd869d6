#include "data_files.h"

#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "file_steps.h"
#include "storage/object_rules.h"

namespace storage_embedded {
namespace {

using base::error_from_errno;
using base::Result;
using storage::ObjectId;
using storage::ObjectStat;
using storage::ObjectVersion;
using storage::ObjectWrite;
namespace fs = std::filesystem;

// Hexadecimal digits of hashes: no two objects ever met with these many.
constexpr std::size_t kObjectDigits = 48;
constexpr std::size_t kSpaceDigits = 16;
constexpr std::string_view kDigits = "0123456789abcdef";

std::string hash_of(std::string_view bytes, std::size_t digits) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash.data());
  std::string text;
  for (std::size_t i = 0; i < digits / 2; ++i) {
    text += {kDigits[hash[i] >> 4], kDigits[hash[i] & 15]};
  }
  return text;
}

// Spaces have no NUL, so no other pair gives the same bytes.
std::string file_name_of(const ObjectId& object) {
  return hash_of(object.space + '\0' + object.name, kObjectDigits) +
         hash_of(object.space, kSpaceDigits);
}

std::string folder_name(int folder) {
  const auto number = static_cast<std::size_t>(folder);
  return {kDigits[number >> 4], kDigits[number & 15]};
}

bool is_file_name(std::string_view name) {
  return name.size() == kObjectDigits + kSpaceDigits &&
         name.find_first_not_of(kDigits) == std::string_view::npos;
}

int folder_of(std::string_view file_name) {
  return static_cast<int>(kDigits.find(file_name[0]) * 16 + kDigits.find(file_name[1]));
}

Result<ObjectHeader> header_in(int fd, const fs::path& path) {
  TRY(const std::string bytes, read_at(fd, 0, kHeaderBytes));
  struct stat found{};
  if (::fstat(fd, &found) != 0) return error_from_errno(errno, "reading " + path.string());
  auto header = decode(bytes);
  if (!header.ok() || header->bytes + kHeaderBytes != static_cast<std::uint64_t>(found.st_size)) {
    return base::Error{base::ErrorCode::kDataLoss, path.string() + " is damaged"};
  }
  return header;
}

Result<ObjectHeader> header_of(const fs::path& path) {
  TRY(const base::UniqueFd fd, open_to_read(path));
  return header_in(fd.get(), path);
}

// Is it said of the object, rather than of the looking (no descriptor was free)?
bool tells_state(const base::Error& error) {
  return error.code == base::ErrorCode::kNotFound || error.code == base::ErrorCode::kDataLoss;
}

bool replaces(const ObjectWrite& change) { return change.data || change.source; }

std::optional<base::Error> failed_guard(const ObjectId& object, const ObjectWrite& change,
                                        const Result<ObjectHeader>& present) {
  if (!present.ok() && !tells_state(present.error())) return present.error();
  const bool missing = !present.ok() && present.error().code == base::ErrorCode::kNotFound;
  if (change.absent && !missing) return object_exists(object);
  if (missing) {
    const bool wanted = change.present || change.version || change.remove;
    return wanted ? std::optional(object_missing(object)) : std::nullopt;
  }
  // What is damaged can be removed or replaced, where nothing asks for its version.
  const bool asks_version = change.version || !(replaces(change) || change.remove);
  if (!present.ok()) return asks_version ? std::optional(present.error()) : std::nullopt;
  if (change.version && *change.version != present->version) return object_changed(object);
  return std::nullopt;
}

// Opens a file, where a missing file is a missing object.
Result<base::UniqueFd> open_object(const ObjectId& object, const fs::path& path) {
  auto fd = open_to_read(path);
  if (!fd.ok() && fd.error().code == base::ErrorCode::kNotFound) return object_missing(object);
  return fd;
}

}  // namespace

class DataFiles::Draft {
 public:
  explicit Draft(fs::path path) : path_(std::move(path)) {}
  ~Draft() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  base::Status write(ObjectHeader header, std::string_view bytes) {
    header_ = std::move(header);
    const std::string start = encode(header_);
    const std::array<std::string_view, 2> pieces = {start, bytes};
    return write_file(path_, pieces);
  }
  // Another was faster with a later version.
  base::Status outdo(ObjectVersion version) {
    header_.version = version;
    return write_start(path_, encode(header_));
  }
  base::Status move_to(const fs::path& path) {
    if (::rename(path_.c_str(), path.c_str()) != 0) {
      return error_from_errno(errno, "renaming " + path_.string());
    }
    path_.clear();
    return {};
  }
  ObjectVersion version() const { return header_.version; }

 private:
  fs::path path_;
  ObjectHeader header_;
};

DataFiles::DataFiles(fs::path directory)
    : directory_(std::move(directory)),
      last_version_(
          static_cast<ObjectVersion>(std::chrono::duration_cast<std::chrono::microseconds>(
                                         std::chrono::system_clock::now().time_since_epoch())
                                         .count())) {}

base::Status DataFiles::prepare() {
  std::error_code failed;
  fs::remove_all(directory_ / "new", failed);
  if (failed) return error_from_errno(failed.value(), "emptying " + directory_.string() + "/new");
  TRY_STATUS(make_directories(directory_ / "new"));
  for (int folder = 0; folder < 256; ++folder) {
    TRY_STATUS(make_directories(directory_ / folder_name(folder)));
  }
  return sync_directory(directory_);
}

DataFiles::Place DataFiles::place_of(const ObjectId& object) {
  const std::string name = file_name_of(object);
  const fs::path folder = directory_ / name.substr(0, 2);
  return {folder, folder / name, locks_[static_cast<std::size_t>(folder_of(name))]};
}

Result<ObjectVersion> DataFiles::write(const ObjectId& object, const ObjectWrite& change) {
  const Place place = place_of(object);
  if (change.remove || (!replaces(change) && (change.present || change.version))) {
    return publish(object, change, place, nullptr);
  }
  Draft draft(directory_ / "new" / std::to_string(++drafts_));
  std::string_view bytes = change.data ? std::string_view(*change.data) : "";
  std::unique_ptr<char[]> read;  // NOLINT(modernize-avoid-c-arrays): bytes that nobody has cleared
  if (change.source) {
    read = std::make_unique_for_overwrite<char[]>(change.source->count);
    TRY_STATUS(change.source->read({read.get(), change.source->count}));
    bytes = {read.get(), change.source->count};
  }
  TRY_STATUS(draft.write({++last_version_, bytes.size(), object.space, object.name}, bytes));
  return publish(object, change, place, &draft);
}

Result<ObjectVersion> DataFiles::publish(const ObjectId& object, const ObjectWrite& change,
                                         const Place& place, Draft* draft) {
  const std::lock_guard lock(place.lock);
  const auto present = header_of(place.path);
  if (auto failed = failed_guard(object, change, present)) return *std::move(failed);
  if (change.remove) {
    if (::unlink(place.path.c_str()) != 0) {
      return error_from_errno(errno, "removing " + place.path.string());
    }
    TRY_STATUS(sync_directory(place.folder));
    return ObjectVersion{0};
  }
  if (present.ok() && !replaces(change)) return present->version;
  if (present.ok() && present->version >= draft->version()) {
    TRY_STATUS(draft->outdo(present->version + 1));
  }
  TRY_STATUS(draft->move_to(place.path));
  TRY_STATUS(sync_directory(place.folder));
  return draft->version();
}

Result<std::string> DataFiles::read(const ObjectId& object, std::uint64_t offset,
                                    std::uint64_t length) {
  const Place place = place_of(object);
  const std::shared_lock lock(place.lock);
  TRY(const base::UniqueFd fd, open_object(object, place.path));
  TRY(const ObjectHeader found, header_in(fd.get(), place.path));
  if (offset >= found.bytes) return std::string();
  return read_at(fd.get(), kHeaderBytes + offset, std::min(length, found.bytes - offset));
}

Result<ObjectStat> DataFiles::stat(const ObjectId& object) {
  const Place place = place_of(object);
  const std::shared_lock lock(place.lock);
  TRY(const base::UniqueFd fd, open_object(object, place.path));
  TRY(const ObjectHeader found, header_in(fd.get(), place.path));
  return ObjectStat{.bytes = found.bytes, .version = found.version};
}

Result<std::vector<std::string>> DataFiles::file_names(int folder, const std::string& ending,
                                                       const std::string& after) const {
  std::error_code failed;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(directory_ / folder_name(folder), failed), end;
       !failed && entry != end; entry.increment(failed)) {
    std::string name = entry->path().filename();
    if (name.ends_with(ending) && name > after) names.push_back(std::move(name));
  }
  if (failed) return error_from_errno(failed.value(), "listing " + directory_.string());
  std::ranges::sort(names);
  return names;
}

Result<std::vector<std::string>> DataFiles::list(const std::string& space, std::string& cursor,
                                                 std::size_t most) {
  if (!cursor.empty() && !is_file_name(cursor)) {
    return base::Error{base::ErrorCode::kInvalidArgument, "no cursor of a listing: " + cursor};
  }
  const std::string ending = hash_of(space, kSpaceDigits);
  std::vector<std::string> found;
  std::string last = cursor;  // the cursor stays where it is when this fails half-way
  for (int folder = last.empty() ? 0 : folder_of(last); folder < 256; ++folder) {
    TRY(const auto names, file_names(folder, ending, last));
    for (const auto& name : names) {
      if (found.size() == most) {
        cursor = last;
        return found;
      }
      const auto header = header_of(directory_ / name.substr(0, 2) / name);
      if (!header.ok() && !tells_state(header.error())) return header.error();
      last = name;
      // One that is gone meanwhile is no longer listed, one that is damaged has no name.
      if (header.ok() && header->space == space) found.push_back(header->name);
    }
  }
  cursor.clear();
  return found;
}

}  // namespace storage_embedded
