// A process that writes is killed at any moment: what was answered is there, and nothing is half.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "base/unique_fd.h"
#include "storage_embedded/embedded_store.h"
#include "testing/scratch_folder.h"

namespace storage_objects {
namespace {

using storage::ObjectId;
using storage::ObjectStore;
using storage::ObjectWrite;
using storage::Pool;

constexpr int kThreads = 4;
constexpr int kRounds = 25;
constexpr std::size_t kBytes = 48'000;

std::unique_ptr<ObjectStore> open_in(const std::filesystem::path& folder) {
  storage_embedded::EmbeddedOptions options;
  options.directory = folder;
  auto store = storage_embedded::open_store(options);
  CHECK(store.ok());
  return *std::move(store);
}

ObjectId id_of(Pool pool, const std::string& name) { return {pool, "space", name}; }
std::string changing(int thread) { return "changing" + std::to_string(thread); }
std::string written_once(int thread, int n) {
  return "once" + std::to_string(thread) + "." + std::to_string(n);
}

// Tells its thread and number, and shows where it was cut.
std::string text_of(int thread, int n) {
  std::string text = std::to_string(thread) + "." + std::to_string(n) + ";";
  while (text.size() < kBytes)
    text += static_cast<char>('a' + (text.size() * 7 + static_cast<std::size_t>(n)) % 26);
  return text;
}

int number_in(const std::string& text) { return std::atoi(text.c_str() + text.find('.') + 1); }

// What a thread of the writer does for each number; each line says what was answered.
void write_number(ObjectStore& store, int thread, int n, int answers) {
  const auto say = [&](char what) {
    std::array<char, 32> line{};
    const int size = std::snprintf(line.data(), line.size(), "%c %d %d\n", what, thread, n);
    CHECK(::write(answers, line.data(), static_cast<std::size_t>(size)) == size);
  };
  const std::string text = text_of(thread, n);
  const ObjectWrite change{.data = text, .omap_set = {{"n", std::to_string(n)}, {"t", text}}};
  CHECK(store.write(id_of(Pool::kMetadata, changing(thread)), change).ok());
  say('m');
  CHECK(store.write(id_of(Pool::kData, changing(thread)), {.data = text}).ok());
  say('d');
  CHECK(store.write(id_of(Pool::kData, written_once(thread, n)), {.absent = true, .data = text})
            .ok());
  say('o');
  if (n % 3 != 0) return;
  CHECK(store.write(id_of(Pool::kData, written_once(thread, n)), {.remove = true}).ok());
  say('r');
}

[[noreturn]] void write_until_killed(const std::filesystem::path& folder, int first, int answers) {
  const auto store = open_in(folder);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&store, thread, first, answers] {
      for (int n = first;; ++n) write_number(*store, thread, n, answers);
    });
  }
  for (auto& thread : threads) thread.join();
  ::_exit(0);
}

// The last number answered for a kind of change and a thread.
using Answered = std::map<std::pair<char, int>, int>;

void read_answers(std::FILE* from, Answered& answered) {
  char what = 0;
  int thread = 0, n = 0;
  while (std::fscanf(from, " %c %d %d", &what, &thread, &n) == 3) answered[{what, thread}] = n;
}

// Runs the writer and kills it `after` its first answer.
void run_and_kill(const std::filesystem::path& folder, int first, std::chrono::microseconds after,
                  Answered& answered) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const pid_t writer = ::fork();
  ASSERT_GE(writer, 0);
  if (writer == 0) write_until_killed(folder, first, ends[1]);
  ::close(ends[1]);
  std::FILE* answers = ::fdopen(ends[0], "r");
  const int byte = std::getc(answers);
  ASSERT_NE(byte, EOF);
  std::ungetc(byte, answers);
  std::jthread killer([&] {
    std::this_thread::sleep_for(after);  // the moment is what is tried, nothing is waited for
    ::kill(writer, SIGKILL);
  });
  read_answers(answers, answered);
  std::fclose(answers);
  int status = 0;
  ASSERT_EQ(::waitpid(writer, &status, 0), writer);
  ASSERT_TRUE(WIFSIGNALED(status)) << "the writer failed";
}

int last(const Answered& answered, char what, int thread) {
  const auto found = answered.find({what, thread});
  return found == answered.end() ? 0 : found->second;
}

void check_changing(ObjectStore& store, const Answered& answered, int thread) {
  for (const auto& [pool, what] : {std::pair(Pool::kMetadata, 'm'), std::pair(Pool::kData, 'd')}) {
    const int least = last(answered, what, thread);
    const auto text = store.read(id_of(pool, changing(thread)), 0, kBytes * 2);
    if (!text.ok() && least == 0) continue;
    ASSERT_TRUE(text.ok()) << text.error().message;
    const int n = number_in(*text);
    EXPECT_GE(n, least) << "an answered change is gone";
    EXPECT_EQ(*text, text_of(thread, n)) << "half a change";
    if (pool == Pool::kData) continue;
    const auto page = store.omap_get(id_of(pool, changing(thread)), {"n", "t"});
    EXPECT_EQ(page->entries.at("n"), std::to_string(n)) << "half a change";
    EXPECT_EQ(page->entries.at("t"), *text) << "half a change";
  }
}

void check_once(ObjectStore& store, const Answered& answered, int first) {
  std::set<std::string> listed;
  std::string cursor;
  do {
    const auto page = store.list(Pool::kData, "space", cursor, 10);
    ASSERT_TRUE(page.ok());
    listed.insert(page->begin(), page->end());
  } while (!cursor.empty());
  for (int thread = 0; thread < kThreads; ++thread) {
    const int made = last(answered, 'o', thread), removed = last(answered, 'r', thread);
    for (int n = first; n <= made + 2; ++n) {
      const std::string name = written_once(thread, n);
      const auto text = store.read(id_of(Pool::kData, name), 0, kBytes * 2);
      EXPECT_EQ(text.ok(), listed.contains(name)) << name;
      if (text.ok()) {
        EXPECT_EQ(*text, text_of(thread, n)) << "half a file";
      }
      if (n % 3 == 0 && n <= removed) {
        EXPECT_FALSE(text.ok()) << name << " is back";
      }
      if (n % 3 != 0 && n <= made) {
        EXPECT_TRUE(text.ok()) << name << " is gone";
      }
    }
  }
}

TEST(EmbeddedCrash, WhatWasAnsweredOutlivesTheWriterAndNothingIsHalf) {
  const auto seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  const testing_support::ScratchFolder folder;
  Answered answered;
  for (int round = 0; round < kRounds && !testing::Test::HasFailure(); ++round) {
    const int first = round * 100'000 + 1;
    const std::chrono::microseconds after(std::uniform_int_distribution(0, 60'000)(random));
    run_and_kill(folder.path(), first, after, answered);
    const auto store = open_in(folder.path());
    for (int thread = 0; thread < kThreads; ++thread) check_changing(*store, answered, thread);
    check_once(*store, answered, first);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "data" / "new"));
  }
}

}  // namespace
}  // namespace storage_objects
