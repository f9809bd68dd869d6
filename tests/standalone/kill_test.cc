// What a store has called safe is there after kill -9, whenever that strikes.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "standalone/sqlite_activation_store.h"
#include "standalone/sqlite_entity_store.h"
#include "testing/scratch_folder.h"

namespace {

struct Writer {
  pid_t pid = -1;
  base::UniqueFd output;
};

Writer start_writer(const std::string& folder) {
  int ends[2];
  CHECK(::pipe(ends) == 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(ends[1], 1);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execl(RECORD_WRITER, RECORD_WRITER, folder.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  return {pid, base::UniqueFd(ends[0])};
}

// Reads `bytes_min` of what it says, kills it, and gives every whole line it had said until then.
std::vector<std::string> kill_after(Writer& writer, std::size_t bytes_min) {
  std::string text;
  char buffer[4096];
  bool killed = false;
  while (true) {
    const ssize_t count = ::read(writer.output.get(), buffer, sizeof buffer);
    if (count <= 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
    if (killed || text.size() < bytes_min) continue;
    ::kill(writer.pid, SIGKILL);
    killed = true;
  }
  int status = 0;
  ::waitpid(writer.pid, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  std::vector<std::string> lines;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
    lines.push_back(text.substr(0, end));
    text.erase(0, end + 1);
  }
  return lines;
}

class KillTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(KillTest, EverythingThatWasCalledSafeIsThere) {
  const testing_support::ScratchFolder folder;
  Writer writer = start_writer(folder.path());
  const std::vector<std::string> safe = kill_after(writer, GetParam());
  ASSERT_FALSE(safe.empty());
  const base::SystemClock clock;
  standalone::ActivationStoreConfig config;
  config.file = folder.path() / "activations.db";
  auto activations = standalone::open_sqlite_activation_store(config, clock).value();
  auto entities = standalone::open_sqlite_entity_store(folder.path() / "entities.db").value();
  const auto under_way = std::ranges::count(safe, 'u', [](const auto& line) { return line[0]; });
  EXPECT_GE(activations->interrupted(), under_way);
  for (const std::string& line : safe) {
    const std::string id = line.substr(1);
    if (line[0] == 'a' || line[0] == 'u') {
      ASSERT_TRUE(activations->get("guest", id).ok()) << id;
    } else {
      const auto entity = entities->get("guest/" + id, standalone::EntityStore::With::kAttachment);
      ASSERT_TRUE(entity.ok()) << id;
      EXPECT_EQ(entity->attachment->size(), 20'000u);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AtVariousMoments, KillTest,
                         ::testing::Values(1, 3'000, 20'000, 77'777, 200'000));

}  // namespace
