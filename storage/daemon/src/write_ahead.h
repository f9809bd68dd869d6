// Stores what activations write while they still run: whole pieces of files that grow, and files
// that were closed. So the commit has little left to store. It compares, and stores again what was
// changed since; nothing of this is visible before.
//
// Threads: any method from any thread. It has one of its own, which looks at the files of the
// attempts every few milliseconds: the kernel tells nobody of writes that it does itself. And as
// soon as the store has room again.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "attempt.h"
#include "bell.h"
#include "storage_attempts/attempt_file_system.h"

namespace storage_daemon {

class WriteAhead {
 public:
  // `files` outlives it. `room` is rung when the store can take more.
  WriteAhead(storage_attempts::AttemptFileSystem& files, std::shared_ptr<Bell> room);
  ~WriteAhead();

  void add(std::shared_ptr<Attempt> attempt);
  // When it returns, nothing more of the attempt is begun; what is under way the tree waits for.
  void stop(AttemptNumber number);

 private:
  // How far a file was stored.
  struct Progress {
    storage_attempts::StagedFile file;  // as it was last seen
    std::uint64_t next = 0;             // piece
    std::uint64_t pieces() const;       // that can be stored
    bool done() const { return next >= pieces(); }
  };
  struct Watched {
    std::shared_ptr<Attempt> attempt;
    std::map<InodeNumber, Progress> files;  // with something to store, or open
  };

  void run(const std::stop_token& stop);
  void look(Watched& watched);
  static void learn(Watched& watched, std::vector<storage_attempts::StagedFile> files);
  static base::Status announce(const Watched& watched);
  // False: no more of this attempt now.
  static bool store(const Attempt& attempt, Progress& progress);

  storage_attempts::AttemptFileSystem& files_;
  const std::shared_ptr<Bell> room_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_; what they point to belongs to the thread while it looks.
  std::map<AttemptNumber, std::shared_ptr<Watched>> watched_;
  AttemptNumber looking_at_ = 0;
  std::jthread thread_;
};

}  // namespace storage_daemon
