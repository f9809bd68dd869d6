// Activations that count: each reads all that a volume holds, and writes what comes next. What one
// of them finds tells whether a commit of another was lost, or done twice, or is there by half.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "node.h"

namespace storaged_test {

struct Step {
  enum class Kind { kDone, kConflict, kFailed };
  Kind kind = Kind::kFailed;
  std::uint64_t number = 0;  // of its commit
  std::string why;           // of its failure

  bool done() const { return kind == Kind::kDone; }
};

// Threads: any.
class Steps {
 public:
  explicit Steps(std::string volume) : volume_(std::move(volume)) {}

  // The state of no steps, in an empty volume.
  Step begin(storage::VolumeProvider& provider);
  // One activation; it may be the same one again. `reached` hears how far it is.
  Step one(
      storage::VolumeProvider& provider, const std::string& activation,
      const std::function<void(const char*)>& reached = [](const char*) {});
  // One after the other until it is decided; false after a minute and a half.
  Step until_done(storage::VolumeProvider& provider, const std::string& activation);
  // Looks at everything: just these activations were committed, each once, in the order of their
  // numbers.
  void check(storage::VolumeProvider& provider, const std::map<std::string, std::uint64_t>& done);

  // What must never be: wrong or missing bytes, half a commit, one that was done twice.
  std::vector<std::string> wrongs() const;
  // The longest that a call took.
  std::chrono::milliseconds slowest() const;

 private:
  class Timed;
  static Step fail(const Use& use, const std::string& what);
  void wrong(const std::string& what);
  std::optional<std::string> read(const Use& use, const std::string& path);
  // Where it could be read.
  std::optional<std::uint64_t> read_state(const Use& use, std::string& failure);
  static bool write_state(const Use& use, std::uint64_t number, const std::string& activation);

  const std::string volume_;
  mutable std::mutex mutex_;
  std::vector<std::string> wrongs_;                // guarded by mutex_
  std::chrono::steady_clock::duration slowest_{};  // guarded by mutex_
};

}  // namespace storaged_test
