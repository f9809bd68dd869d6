#include "steps.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>
#include <thread>
#include <utility>

namespace storaged_test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kLargeEvery = 4;

struct File {
  const char* name;
  std::uint64_t bytes;  // and some more
};
// Inline in its name, in one object, in two.
constexpr File kFiles[] = {{"small", 100}, {"middle", 20'000}, {"large", (4 << 20) + 70'000}};

// Of which step the file is.
std::uint64_t step_of(const File& file, std::uint64_t number) {
  return file.bytes > 1'000'000 ? number - number % kLargeEvery : number;
}

std::string content(const File& file, std::uint64_t number) {
  std::mt19937_64 random(number * 31 + file.bytes);
  std::string bytes(file.bytes + number % 1000, '\0');
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    const std::uint64_t word = random();
    std::memcpy(bytes.data() + at, &word, std::min<std::size_t>(8, bytes.size() - at));
  }
  return bytes;
}

std::string log_name(const std::string& activation) { return "log/" + activation; }

}  // namespace

class Steps::Timed {
 public:
  explicit Timed(Steps& steps) : steps_(steps), begun_(std::chrono::steady_clock::now()) {}
  ~Timed() {
    const auto took = std::chrono::steady_clock::now() - begun_;
    const std::lock_guard lock(steps_.mutex_);
    steps_.slowest_ = std::max(steps_.slowest_, took);
  }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  Steps& steps_;
  const std::chrono::steady_clock::time_point begun_;
};

std::vector<std::string> Steps::wrongs() const {
  const std::lock_guard lock(mutex_);
  return wrongs_;
}

std::chrono::milliseconds Steps::slowest() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::duration_cast<std::chrono::milliseconds>(slowest_);
}

void Steps::wrong(const std::string& what) {
  const std::lock_guard lock(mutex_);
  wrongs_.push_back(what);
}

Step Steps::fail(const Use& use, const std::string& what) {
  return {Step::Kind::kFailed, 0, what + (use.ok() ? "" : ": " + use.error().message)};
}

std::optional<std::string> Steps::read(const Use& use, const std::string& path) {
  const Timed timed(*this);
  auto text = use.read(path);
  // What was committed is there, or cannot be had now; anything else is a lie.
  if (!text && errno != EIO) wrong(path + " cannot be read: " + std::strerror(errno));
  return text;
}

std::optional<std::uint64_t> Steps::read_state(const Use& use, std::string& failure) {
  const auto counter = read(use, "counter");
  failure = "the counter cannot be read";
  if (!counter) return std::nullopt;
  const std::uint64_t number = std::strtoull(counter->c_str(), nullptr, 10);
  for (const File& file : kFiles) {
    const auto bytes = read(use, file.name);
    failure = std::string(file.name) + " cannot be read";
    if (!bytes) return std::nullopt;
    if (*bytes != content(file, step_of(file, number))) {
      wrong(std::string(file.name) + " is not as of step " + *counter + ": " +
            std::to_string(bytes->size()) + " bytes");
    }
  }
  const Timed timed(*this);
  const auto log = use.list("log");
  if (log.size() == 1 && log[0].starts_with("errno")) {
    failure = "the log cannot be listed: " + log[0];
    return std::nullopt;
  }
  if (log.size() != number) {
    wrong(std::to_string(log.size()) + " activations made step " + *counter);
  }
  return number;
}

bool Steps::write_state(const Use& use, std::uint64_t number, const std::string& activation) {
  for (const File& file : kFiles) {
    if (step_of(file, number) != number) continue;
    if (!use.write(file.name, content(file, number))) return false;
  }
  if (!activation.empty() && !use.write(log_name(activation), std::to_string(number))) return false;
  return use.write("counter", std::to_string(number));
}

Step Steps::begin(storage::VolumeProvider& provider) {
  Use use(provider, "begin", volume_of(volume_));
  if (!use.ok()) return fail(use, "opening");
  if (::mkdirat(use.root(), "log", 0755) != 0 || !write_state(use, 0, "")) {
    return fail(use, "writing: " + std::string(std::strerror(errno)));
  }
  const auto report = use.finish(true);
  if (!report) return {Step::Kind::kFailed, 0, report.error().message};
  return {Step::Kind::kDone, report->commit->number, ""};
}

Step Steps::one(storage::VolumeProvider& provider, const std::string& activation,
                const std::function<void(const char*)>& reached) {
  std::optional<Use> use;
  {
    const Timed timed(*this);
    use.emplace(provider, activation, volume_of(volume_));
  }
  if (!use->ok()) return fail(*use, "opening");
  reached("opened");
  std::string failure;
  const auto number = read_state(*use, failure);
  if (!number) return fail(*use, failure);
  reached("read");
  {
    const Timed timed(*this);
    if (!write_state(*use, *number + 1, activation)) {
      return fail(*use, std::string("writing: ") + std::strerror(errno));
    }
  }
  reached("wrote");
  const Timed timed(*this);
  const auto report = use->finish(true);
  if (report) return {Step::Kind::kDone, report->commit->number, ""};
  const bool conflict = report.error().code == base::ErrorCode::kConflict;
  return {conflict ? Step::Kind::kConflict : Step::Kind::kFailed, 0, report.error().message};
}

Step Steps::until_done(storage::VolumeProvider& provider, const std::string& activation) {
  const auto end = std::chrono::steady_clock::now() + 90s;
  while (true) {
    Step step = one(provider, activation);
    if (step.done() || std::chrono::steady_clock::now() > end) return step;
  }
}

void Steps::check(storage::VolumeProvider& provider,
                  const std::map<std::string, std::uint64_t>& done) {
  Use use(provider, "checker", volume_of(volume_));
  if (!use.ok()) return wrong("the volume cannot be opened: " + use.error().message);
  std::string failure;
  const auto number = read_state(use, failure);
  if (!number) return wrong(failure);
  if (*number != done.size()) {
    wrong("the volume is at step " + std::to_string(*number) + " after " +
          std::to_string(done.size()) + " activations");
  }
  std::map<std::uint64_t, std::uint64_t> step_by_commit;
  for (const auto& [activation, commit] : done) {
    const auto step = read(use, log_name(activation));
    if (!step) return wrong(activation + " was committed and is not there");
    if (!step_by_commit.emplace(commit, std::stoull(*step)).second) {
      wrong("two activations are commit " + std::to_string(commit));
    }
  }
  std::uint64_t expected = 0;
  for (const auto& [commit, step] : step_by_commit) {
    if (step != ++expected) {
      wrong("commit " + std::to_string(commit) + " is step " + std::to_string(step) + ", not " +
            std::to_string(expected));
    }
  }
}

}  // namespace storaged_test
