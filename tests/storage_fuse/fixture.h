// What the tests that really mount share.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "mirror.h"
#include "storage_fuse/mount.h"
#include "storage_fuse/session.h"
#include "testing/eventually.h"

namespace storage_fuse {

using Path = std::filesystem::path;
using testing_support::eventually;

std::string content_of(const Path& path);
void put(const Path& path, const std::string& content);

// A child process that runs `body` and ends with what it returns.
class Child {
 public:
  explicit Child(const std::function<int()>& body);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  int wait();  // the status of waitpid(2)

 private:
  pid_t pid_ = 0;
  std::optional<int> status_;
};

// A scratch directory, in a mount namespace of this process; skipped where it cannot mount FUSE.
class FuseTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  Path back() const { return directory_ / "back"; }
  Path at() const { return directory_ / "at"; }
  const base::Logger& log() const { return log_; }

  Path directory_;

 private:
  base::SystemClock clock_;
  base::DiscardSink sink_;
  base::Logger log_{sink_, clock_};
};

// back() shown at at(), by a session of this process.
class MirrorTest : public FuseTest {
 protected:
  void TearDown() override;

  // Backing files where `passthrough`.
  void mount(bool passthrough = true, SessionOptions options = {});
  // The mount goes, and everything that the kernel knew of it.
  void unmount();
  bool has_passthrough() const;

  std::unique_ptr<mirror::Mirror> mirror_;
  std::unique_ptr<Session> session_;
  Mount mount_;
};

}  // namespace storage_fuse
