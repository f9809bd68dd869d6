// Numbers of attempts: never one twice, also over restarts.
#pragma once

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "base/result.h"
#include "storage_attempts/attempt_file_system.h"
#include "storage_control/protocol.h"

namespace storage_daemon {

using storage_control::AttemptNumber;

// Numbers are taken in blocks, so that one write serves many attempts.
class Numbers {
 public:
  explicit Numbers(std::filesystem::path file) : file_(std::move(file)) {
    std::ifstream(file_) >> next_;
    next_ = std::max<AttemptNumber>(next_, 1);
    end_ = next_;
  }

  base::Result<AttemptNumber> take() {
    const std::lock_guard lock(mutex_);
    while (true) {
      if (next_ == end_) TRY_STATUS(extend());
      const AttemptNumber number = next_++;
      if (storage_attempts::slot_of(number) != 0) return number;
    }
  }

 private:
  static constexpr AttemptNumber kBlock = 1000;

  base::Status extend() {
    const std::string part = file_.native() + ".part";
    {
      std::ofstream out(part, std::ios::trunc);
      out << end_ + kBlock << '\n';
      if (!out.flush()) return base::Error{base::ErrorCode::kNoSpace, "cannot write " + part};
    }
    if (::rename(part.c_str(), file_.c_str()) != 0) {
      return base::error_from_errno(errno, "naming " + file_.native());
    }
    end_ += kBlock;
    return {};
  }

  const std::filesystem::path file_;
  std::mutex mutex_;
  AttemptNumber next_ = 1, end_ = 1;  // guarded by mutex_
};

}  // namespace storage_daemon
