#include "spill.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <utility>

namespace invoker_couchdb {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

constexpr std::int64_t kFileBytes = 16LL << 20;  // after which a new file is begun
constexpr std::string_view kPrefix = "records-";
constexpr std::string_view kSuffix = ".jsonl";
constexpr mode_t kMode = 0600;  // results of users are in there

base::Error failed(std::string_view what, const std::string& path) {
  return base::error_from_errno(errno, std::string(what) + " " + path);
}

// 0: no file of ours.
std::uint64_t number_of(const std::string& name) {
  std::string_view digits = name;
  if (!digits.starts_with(kPrefix) || !digits.ends_with(kSuffix)) return 0;
  digits.remove_prefix(kPrefix.size());
  digits.remove_suffix(kSuffix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size() ? number : 0;
}

base::Status write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("writing", path);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

// Up to `size` bytes from `offset` on.
base::Result<std::string> read_piece(int fd, std::int64_t offset, std::int64_t size,
                                     const std::string& path) {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  std::size_t length = 0;
  while (length < bytes.size()) {
    const ssize_t count = ::pread(fd, bytes.data() + length, bytes.size() - length,
                                  offset + static_cast<std::int64_t>(length));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("reading", path);
    if (count == 0) break;
    length += static_cast<std::size_t>(count);
  }
  bytes.resize(length);
  return bytes;
}

}  // namespace

base::Result<std::unique_ptr<Spill>> Spill::open(const std::string& folder, std::int64_t bytes_max,
                                                 const base::Logger& log) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return base::error_from_errno(error.value(), "making the folder " + folder);
  std::unique_ptr<Spill> spill(new Spill(folder, bytes_max, log));
  TRY_STATUS(spill->take_up());
  return spill;
}

base::Status Spill::take_up() {
  const std::string lock_path = folder_ + "/lock";
  lock_ = base::UniqueFd(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode));
  if (!lock_.valid()) return failed("opening", lock_path);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return base::Error{ErrorCode::kAlreadyExists, "another process uses the folder " + folder_};
  }
  std::vector<std::pair<std::uint64_t, File>> found;
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    const std::uint64_t number = number_of(at->path().filename().string());
    struct stat status{};
    if (number == 0 || ::stat(at->path().c_str(), &status) != 0) continue;
    found.emplace_back(number, File{at->path().string(), status.st_size});
  }
  if (error) return base::error_from_errno(error.value(), "reading the folder " + folder_);
  std::ranges::sort(found, {}, [](const auto& entry) { return entry.first; });
  for (auto& [number, file] : found) {
    next_number_ = number + 1;
    bytes_ += file.size;
    files_.push_back(std::move(file));
  }
  while (!files_.empty() && files_.front().size == 0) remove_front();
  return {};
}

base::Status Spill::append(std::span<const std::string> documents) {
  std::string lines;
  for (const std::string& document : documents) lines.append(document).append(1, '\n');
  const std::lock_guard lock(mutex_);
  if (bytes_ + static_cast<std::int64_t>(lines.size()) > bytes_max_) {
    return base::Error{ErrorCode::kNoSpace, "the records in " + folder_ + " take all of the " +
                                                std::to_string(bytes_max_) + " bytes they may"};
  }
  if (writing_.valid() && files_.back().size >= kFileBytes) writing_.reset();
  if (!writing_.valid()) TRY_STATUS(begin_file());
  return write(lines);
}

base::Status Spill::begin_file() {
  const std::string number = std::to_string(next_number_);
  const std::string path = folder_ + "/" + std::string(kPrefix) + number + std::string(kSuffix);
  writing_ = base::UniqueFd(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, kMode));
  if (!writing_.valid()) return failed("making", path);
  ++next_number_;
  files_.push_back({path, 0});
  return {};
}

// What was written of lines that do not fit goes again: half a record is none.
base::Status Spill::write(std::string_view lines) {
  File& file = files_.back();
  base::Status status = write_all(writing_.get(), lines, file.path);
  if (status) {
    file.size += static_cast<std::int64_t>(lines.size());
    bytes_ += static_cast<std::int64_t>(lines.size());
    return {};
  }
  if (::ftruncate(writing_.get(), file.size) != 0) {
    log_.error("Spill", failed("shortening", file.path).message);
    writing_.reset();  // its end is not to be trusted: the next records get a file of their own
  }
  return status;
}

std::vector<std::string> Spill::peek(std::size_t count_max, std::int64_t bytes_max) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> documents;
  while (documents.empty() && bytes_ > 0) {
    if (files_.size() == 1) writing_.reset();  // from here on it is read
    peeked_ = 0;
    const auto text = read_front(bytes_max);
    if (!text) {
      set_aside_front(text.error());
      continue;
    }
    split(*text, count_max, bytes_max, documents);
    if (documents.empty()) skip_bad_end();
  }
  return documents;
}

// The whole lines of a text that begins where the last drop() left off.
void Spill::split(std::string_view text, std::size_t count_max, std::int64_t bytes_max,
                  std::vector<std::string>& documents) {
  while (documents.size() < count_max) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return;
    const auto line_bytes = static_cast<std::int64_t>(end) + 1;
    if (!documents.empty() && peeked_ + line_bytes > bytes_max) return;
    if (end > 0) documents.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
    peeked_ += line_bytes;
  }
}

// At least one line, however long.
base::Result<std::string> Spill::read_front(std::int64_t bytes_max) const {
  const File& file = files_.front();
  const base::UniqueFd fd(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return failed("opening", file.path);
  const std::int64_t left = file.size - read_;
  for (std::int64_t size = std::min(bytes_max, left);; size = std::min(2 * size, left)) {
    TRY(std::string text, read_piece(fd.get(), read_, size, file.path));
    if (size >= left || text.find('\n') != std::string::npos) return text;
  }
}

// A file ends in half a line where its writer was killed; there is nothing else left of it then.
void Spill::skip_bad_end() {
  const File& file = files_.front();
  if (read_ + peeked_ < file.size) {
    log_.error("Spill", "the last record of " + file.path + " is incomplete and is left out");
  }
  remove_front();
}

void Spill::drop() {
  const std::lock_guard lock(mutex_);
  read_ += std::exchange(peeked_, 0);
  if (!files_.empty() && read_ >= files_.front().size) remove_front();
}

// A file that the disk does not give back must not keep the others waiting.
void Spill::set_aside_front(const base::Error& error) {
  const std::string& path = files_.front().path;
  log_.error("Spill", "records are set aside as " + path + ".unreadable: " + error.message);
  if (::rename(path.c_str(), (path + ".unreadable").c_str()) != 0)
    log_.error("Spill", failed("renaming", path).message);
  forget_front();
}

void Spill::remove_front() {
  if (::unlink(files_.front().path.c_str()) != 0)
    log_.error("Spill", failed("removing", files_.front().path).message);
  forget_front();
}

void Spill::forget_front() {
  if (files_.size() == 1) writing_.reset();
  bytes_ -= files_.front().size;
  files_.pop_front();
  read_ = 0;
  peeked_ = 0;
}

base::Status Spill::keep_refused(const std::string& document) {
  const std::string path = folder_ + "/refused.jsonl";
  const base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kMode));
  if (!fd.valid()) return failed("opening", path);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return failed("looking at", path);
  if (status.st_size + static_cast<std::int64_t>(document.size()) > bytes_max_) {
    return base::Error{ErrorCode::kNoSpace, path + " is as large as it may be"};
  }
  return write_all(fd.get(), document + "\n", path);
}

std::int64_t Spill::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace invoker_couchdb
