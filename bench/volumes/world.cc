#include "world.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace volumes_bench {
namespace {

using namespace std::chrono_literals;

constexpr double kHangsAfterSeconds = 60;
constexpr double kLateAfterSeconds = 400;

// Interrupts a subject that takes too long over one measurement.
class Watch {
 public:
  Watch(Subject& subject, std::chrono::duration<double> patience)
      : thread_([this, &subject, patience](const std::stop_token& stop) {
          std::unique_lock lock(mutex_);
          static_cast<void>(done_.wait_for(lock, stop, patience, [] { return false; }));
          if (stop.stop_requested()) return;
          barked_ = true;
          subject.interrupt();
        }) {}

  bool ended_in_time() {
    thread_.request_stop();
    thread_.join();
    return !barked_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any done_;
  bool barked_ = false;
  std::jthread thread_;
};

}  // namespace

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Subject* World::find(const std::string& name) const {
  const auto at =
      std::ranges::find_if(subjects, [&](const auto& one) { return one->name() == name; });
  return at == subjects.end() ? nullptr : at->get();
}

std::vector<Subject*> World::all() const {
  std::vector<Subject*> found;
  for (const auto& one : subjects) found.push_back(one.get());
  return found;
}

std::vector<Subject*> World::all_but(const std::set<std::string>& names) const {
  std::vector<Subject*> found = all();
  std::erase_if(found, [&](const Subject* one) { return names.contains(one->name()); });
  return found;
}

std::vector<Subject*> World::only(const std::vector<std::string>& names) const {
  std::vector<Subject*> found;
  for (const auto& name : names)
    if (Subject* const one = find(name)) found.push_back(one);
  return found;
}

int World::rounds_of(const Subject& subject, const Rounds& rounds) const {
  const bool late = seconds_since(start_) > kLateAfterSeconds, ours = subject.traits().ours;
  return late ? (ours ? 1 : 0) : (ours ? rounds.ours : rounds.others);
}

base::Result<Row> World::watched(Subject& subject, double seconds_max,
                                 const std::function<base::Result<Row>()>& work) {
  Watch watch(subject, std::chrono::duration<double>(std::max(kHangsAfterSeconds, seconds_max)));
  auto row = work();
  if (watch.ended_in_time()) return row;
  hung_.insert(&subject);
  return base::Error{base::ErrorCode::kDeadlineExceeded, "took too long; left out"};
}

void World::measure(const std::string& experiment, const std::string& title,
                    const std::vector<Subject*>& who, const Rounds& rounds,
                    const Measure& measure) {
  report.begin(experiment, title);
  std::set<const Subject*> failed = hung_;
  std::map<const Subject*, double> taken;
  for (int round = 0; round < std::max(rounds.ours, rounds.others); ++round) {
    for (Subject* const subject : who) {
      if (round >= rounds_of(*subject, rounds)) continue;
      if (failed.contains(subject) || taken[subject] > rounds.seconds_max) continue;
      const auto start = Clock::now();
      const auto row =
          watched(*subject, rounds.seconds_max, [&] { return measure(*subject, round); });
      taken[subject] += seconds_since(start);
      if (row) {
        report.add(subject->name(), *row);
      } else {
        report.fail(subject->name(), row.error());
        failed.insert(subject);
      }
    }
  }
  report.print();
}

}  // namespace volumes_bench
