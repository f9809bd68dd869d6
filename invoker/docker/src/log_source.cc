#include "log_source.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "answers.h"
#include "log_collector.h"

namespace invoker_docker {
namespace {

using base::milliseconds;
using std::chrono::microseconds;

constexpr std::size_t kReadBytes = 64 << 10;
// Docker cuts an output line at 16 KiB; as JSON each of its bytes needs six at most.
constexpr std::size_t kLineBytesMax = 256 << 10;
// An answer mostly comes when its sentinels are already on the way to the file.
constexpr microseconds kPauseFirst{200};
constexpr microseconds kPauseMax{5'000};
// How long nothing may come before it counts as all that is there: the daemon copies in between.
constexpr milliseconds kSettled{10};

base::Error broken(const std::string& where) {
  return base::Error{base::ErrorCode::kDataLoss, "the log in " + where + " cannot be read"};
}

class LogFile final : public LogSource {
 public:
  LogFile(std::string path, base::UniqueFd file) : path_(std::move(path)), file_(std::move(file)) {}

  base::Status read(const LogReading& reading, const Sink& sink) override;
  void skip() override {
    struct stat facts{};
    if (fstat(file_.get(), &facts) == 0) offset_ = facts.st_size;
    lines_ = Lines(kLineBytesMax);
  }

 private:
  enum class Fed { kAll, kEnough, kBroken };

  Fed feed(const Sink& sink);
  base::Result<bool> fill();
  bool follow_rotation();

  const std::string path_;
  base::UniqueFd file_;
  off_t offset_ = 0;
  Lines lines_{kLineBytesMax};
};

LogFile::Fed LogFile::feed(const Sink& sink) {
  while (auto line = lines_.take()) {
    auto entry = parse_json_line(*line);
    if (!entry) return Fed::kBroken;
    if (!sink(std::move(*entry))) return Fed::kEnough;
  }
  return Fed::kAll;
}

// False at the end of the file.
base::Result<bool> LogFile::fill() {
  static thread_local char buffer[kReadBytes];
  const ssize_t length = pread(file_.get(), buffer, sizeof buffer, offset_);
  if (length < 0 && errno == EINTR) return true;
  if (length < 0) return base::error_from_errno(errno, "reading " + path_);
  if (length == 0) return follow_rotation();
  offset_ += length;
  if (!lines_.add({buffer, static_cast<std::size_t>(length)})) return broken(path_);
  return true;
}

// Where the daemon was told to bound its logs, it renames a full file and begins a new one.
bool LogFile::follow_rotation() {
  struct stat mine{}, named{};
  if (fstat(file_.get(), &mine) != 0 || stat(path_.c_str(), &named) != 0) return false;
  if (mine.st_ino == named.st_ino && mine.st_dev == named.st_dev) return false;
  base::UniqueFd file(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return false;
  file_ = std::move(file);
  offset_ = 0;
  return true;
}

base::Status LogFile::read(const LogReading& reading, const Sink& sink) {
  const milliseconds quiet_max = reading.follow ? milliseconds(kLinePatience) : kSettled;
  auto last = std::chrono::steady_clock::now();
  microseconds pause = kPauseFirst;
  for (;;) {
    const Fed fed = feed(sink);
    if (fed == Fed::kEnough) return {};
    if (fed == Fed::kBroken) return broken(path_);
    const bool over = reading.over();  // asked first: what was written before is in the file then
    TRY(const bool more, fill());
    const auto now = std::chrono::steady_clock::now();
    if (more) {
      last = now;
      pause = kPauseFirst;
      if (now < reading.end) continue;
    }
    if (over || now >= reading.end || now - last >= quiet_max) return {};
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kPauseMax);
  }
}

class LogOverApi final : public LogSource {
 public:
  LogOverApi(const EngineApi& api, std::string id) : api_(api), id_(std::move(id)) {}

  base::Status read(const LogReading& reading, const Sink& sink) override;
  void skip() override {
    static_cast<void>(
        read({std::chrono::steady_clock::now() + kLinePatience, false, [] { return true; }},
             [](const LogEntry&) { return true; })
            .ok());
  }

 private:
  bool is_new(const LogEntry& entry);
  void note(base::WallTime time);

  const EngineApi& api_;
  const std::string id_;
  // Up to where everything was taken. The daemon begins at a time, which several lines may have.
  base::WallTime last_{};
  int taken_at_last_ = 0;
  // The same when this reading began, and how many lines of that time came again.
  base::WallTime from_{};
  int taken_at_from_ = 0;
  int again_ = 0;
};

bool LogOverApi::is_new(const LogEntry& entry) {
  if (entry.line.time == from_) return ++again_ > taken_at_from_;
  return entry.line.time > from_;
}

// The two outputs are not in order of time, when they are close together.
void LogOverApi::note(base::WallTime time) {
  if (time < last_) return;
  taken_at_last_ = time == last_ ? taken_at_last_ + 1 : 1;
  last_ = time;
}

base::Status LogOverApi::read(const LogReading& reading, const Sink& sink) {
  Frames frames;
  from_ = last_;
  taken_at_from_ = taken_at_last_;
  again_ = 0;
  bool lost = false;
  const LogQuery query{from_, reading.follow && !reading.over(), reading.end, kLinePatience};
  base::Status status = api_.read_logs(id_, query, [&](std::string_view bytes) {
    frames.add(bytes);
    while (const auto frame = frames.take()) {
      auto entry = parse_frame(*frame);
      lost = !entry;
      if (lost) return false;
      if (!is_new(*entry)) continue;
      note(entry->line.time);
      if (!sink(std::move(*entry))) return false;
    }
    lost = frames.broken();
    return !lost;
  });
  if (lost) return broken("the daemon");
  // No line for that long, or no time left: what came, came.
  if (!status.ok() && status.error().code == base::ErrorCode::kDeadlineExceeded) return {};
  return status;
}

}  // namespace

base::Result<std::unique_ptr<LogSource>> open_log_file(const std::string& path) {
  base::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return base::error_from_errno(errno, "opening " + path);
  return std::unique_ptr<LogSource>(std::make_unique<LogFile>(path, std::move(file)));
}

std::unique_ptr<LogSource> log_over_api(const EngineApi& api, const std::string& id) {
  return std::make_unique<LogOverApi>(api, id);
}

}  // namespace invoker_docker
