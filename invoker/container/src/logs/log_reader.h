// One thread that reads what all sandboxes write.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "log_buffer.h"

namespace invoker_container {

// Threads: any. A sandbox that floods is read in turns with the others, as fast as it writes, so
// that its action is not held up; what the buffer does not hold is dropped there.
class LogReader {
 public:
  static base::Result<std::unique_ptr<LogReader>> create(const base::Clock& clock);
  ~LogReader();

  // Reads the pipes until their end. A key for remove().
  base::Result<std::uint64_t> add(base::UniqueFd out, base::UniqueFd err,
                                  std::shared_ptr<LogBuffer> buffer);
  // Lets go of the pipes of that key; when this returns nothing is added to the buffer any more.
  void remove(std::uint64_t key);
  // Reads what is in the pipes of that key now, so that lines written before this call are in the
  // buffer when it returns.
  void drain(std::uint64_t key);

 private:
  struct Source {
    base::UniqueFd pipes[2];
    std::shared_ptr<LogBuffer> buffer;
  };

  LogReader(const base::Clock& clock, base::UniqueFd epoll, base::UniqueFd stop);
  void run();
  bool read_once(Source& source, bool is_stderr);

  const base::Clock& clock_;
  const base::UniqueFd epoll_;
  const base::UniqueFd stop_;
  std::mutex mutex_;  // guards sources_ and next_key_
  std::map<std::uint64_t, Source> sources_;
  std::uint64_t next_key_ = 1;
  std::thread thread_;
};

}  // namespace invoker_container
