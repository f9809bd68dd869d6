#include "pool_script.h"

#include <gtest/gtest.h>

#include <sstream>

namespace pool_testing {

using invoker::Commands;
using invoker::ContainerId;
using invoker::JobId;

namespace {

std::string name(ContainerId id) { return "c" + std::to_string(static_cast<std::uint64_t>(id)); }
std::string name(JobId id) { return "j" + std::to_string(static_cast<std::uint64_t>(id)); }

std::string in_words(const invoker::command::Start& start) {
  return "start " + name(start.container) + " " + (start.job ? name(*start.job) : start.kind);
}
std::string in_words(const invoker::command::Run& run) {
  const char* const kinds[] = {" cold", " stem", " warm"};
  return "run " + name(run.container) + " " + name(run.job) +
         kinds[static_cast<std::size_t>(run.start)] + (run.initialize ? " init" : "") +
         (run.may_reschedule ? " again" : "");
}
std::string in_words(const invoker::command::Pause& pause) {
  return "pause " + name(pause.container);
}
std::string in_words(const invoker::command::Resume& resume) {
  return "resume " + name(resume.container);
}
std::string in_words(const invoker::command::Remove& remove) {
  return "remove " + name(remove.container);
}
std::string in_words(const invoker::command::Refuse& refuse) {
  const char* const reasons[] = {" larger", " full", " stopping", " no room"};
  return "refuse " + name(refuse.job) + reasons[static_cast<std::size_t>(refuse.reason)];
}

std::chrono::milliseconds duration(const std::string& text) {
  std::size_t digits = 0;
  const std::int64_t number = std::stoll(text, &digits);
  return std::chrono::milliseconds(text.substr(digits) == "s" ? number * 1000 : number);
}

invoker::PoolConfig pool_config(const ScriptConfig& config) {
  invoker::PoolConfig pool;
  pool.memory_bytes = config.memory_mb * kMegabyte;
  pool.pause_grace = config.pause_grace;
  pool.idle_container = config.idle_container;
  pool.head_patience = config.head_patience;
  pool.second_container_patience = config.second_container_patience;
  pool.recent_use = config.recent_use;
  pool.buffer_max = config.buffer_max;
  pool.stem_cells = config.stem_cells;
  for (invoker::StemCellConfig& stem : pool.stem_cells) stem.memory_bytes *= kMegabyte;
  return pool;
}

class Player {
 public:
  explicit Player(const ScriptConfig& config) : pool_(pool_config(config)) {}

  std::string event(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "stats") return stats();
    if (verb == "counts") return counts();
    if (verb == "deadline") return deadline();
    if (verb == "empty") return pool_.empty() ? "yes" : "no";
    return describe(act(verb, words));
  }

 private:
  static std::uint64_t number(std::istringstream& words) {
    std::string word;
    words >> word;
    return std::stoull(word.substr(1));
  }

  Commands act(const std::string& verb, std::istringstream& words) {
    if (verb == "begin") return pool_.begin(now_);
    if (verb == "drain") return pool_.drain(now_);
    if (verb == "submit") return submit(words);
    if (verb == "time" || verb == "at" || verb == "forget") return with_word(verb, words);
    return with_container(verb, ContainerId{number(words)}, words);
  }

  Commands with_word(const std::string& verb, std::istringstream& words) {
    std::string word;
    words >> word;
    if (verb == "forget") return pool_.forget(word, now_);
    now_ = base::Instant{std::chrono::hours(1)} + duration(word);
    return verb == "at" ? pool_.tick(now_) : Commands{};
  }

  Commands with_container(const std::string& verb, ContainerId id, std::istringstream& words) {
    if (verb == "started") return pool_.started(id, now_);
    if (verb == "failed") return pool_.start_failed(id, now_);
    if (verb == "initialized") return pool_.initialized(id, now_);
    if (verb == "removed") return pool_.removed(id, now_);
    if (verb == "died") return pool_.ended(id, now_);
    if (verb == "ended") return ended(id, words);
    std::string no;
    words >> no;
    if (verb == "paused") return pool_.paused(id, no.empty(), now_);
    if (verb == "resumed") return pool_.resumed(id, no.empty(), now_);
    ADD_FAILURE() << "unknown event " << verb;
    return {};
  }

  Commands ended(ContainerId id, std::istringstream& words) {
    const JobId job{number(words)};
    std::string how;
    words >> how;
    const invoker::JobEnd end = how == "keep"      ? invoker::JobEnd::kKeep
                                : how == "destroy" ? invoker::JobEnd::kDestroy
                                                   : invoker::JobEnd::kReschedule;
    return pool_.job_ended(id, job, end, now_);
  }

  Commands submit(std::istringstream& words) {
    invoker::JobDemand demand;
    demand.id = JobId{number(words)};
    demand.kind = "python";
    demand.memory_bytes = 256 * kMegabyte;
    words >> demand.warm_key;
    for (std::string word; words >> word;) {
      const std::string value = word.substr(word.find('=') + 1);
      if (word.starts_with("mem=")) demand.memory_bytes = std::stoll(value) * kMegabyte;
      if (word.starts_with("kind=")) demand.kind = value;
      if (word.starts_with("conc=")) demand.concurrency_max = std::stoi(value);
      if (word == "guest") demand.guest = true;
      if (word == "image") demand.may_use_stem_cell = false;
    }
    return pool_.submit(demand, now_);
  }

  std::string stats() const {
    const invoker::PoolStats s = pool_.stats();
    std::ostringstream text;
    text << s.memory_used_bytes / kMegabyte << "MB warm=" << s.warm << " busy=" << s.busy
         << " paused=" << s.paused << " stem=" << s.stem_cells << " starting=" << s.starting
         << " removing=" << s.removing << " waiting=" << s.waiting;
    return text.str();
  }

  std::string counts() const {
    const invoker::PoolStats s = pool_.stats();
    std::ostringstream text;
    text << "cold=" << s.cold_starts << " stem=" << s.stem_starts << " warm=" << s.warm_starts
         << " evicted=" << s.evictions;
    return text.str();
  }

  std::string deadline() const {
    const auto at = pool_.next_deadline();
    if (!at) return "none";
    const auto ms = *at - base::Instant{std::chrono::hours(1)};
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(ms).count());
  }

  invoker::ContainerPool pool_;
  base::Instant now_{std::chrono::hours(1)};
};

std::string trimmed(const std::string& text) {
  const auto from = text.find_first_not_of(' ');
  if (from == std::string::npos) return "";
  return text.substr(from, text.find_last_not_of(' ') - from + 1);
}

}  // namespace

std::string describe(const invoker::Command& command) {
  return std::visit([](const auto& it) { return in_words(it); }, command);
}

std::string describe(const Commands& commands) {
  std::string text;
  for (const invoker::Command& command : commands) {
    text += (text.empty() ? "" : ", ") + describe(command);
  }
  return text;
}

void play(const ScriptConfig& config, const std::string& script) {
  Player player(config);
  std::istringstream lines(script);
  for (std::string line; std::getline(lines, line);) {
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const auto arrow = line.find("->");
    ASSERT_NE(arrow, std::string::npos) << "no arrow in: " << line;
    ASSERT_EQ(player.event(line.substr(0, arrow)), trimmed(line.substr(arrow + 2)))
        << "after: " << line;
  }
}

}  // namespace pool_testing
