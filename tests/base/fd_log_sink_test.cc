// Log lines through a pipe whose reader is well, slow, or gone.
#include "base/fd_log_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace {

using base::FdLogSink;
using base::UniqueFd;

constexpr base::milliseconds kPatience{10'000};

class FdLogSinkTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    reader_.reset(ends[0]);
    writer_.reset(ends[1]);
  }

  // Everything up to the end of the pipe.
  std::string read_all() {
    std::string all;
    char piece[65536];
    for (ssize_t n = 0; (n = ::read(reader_.get(), piece, sizeof piece)) > 0;) {
      all.append(piece, static_cast<std::size_t>(n));
    }
    return all;
  }

  UniqueFd reader_;
  UniqueFd writer_;
};

TEST_F(FdLogSinkTest, WritesLinesInOrderAndAllOfThemBeforeItEnds) {
  std::string expected;
  {
    FdLogSink sink(writer_.get());
    for (int i = 0; i < 1000; ++i) {
      const std::string line = "line " + std::to_string(i) + "\n";
      sink.write(line);
      expected += line;
    }
    EXPECT_TRUE(sink.flush(kPatience));
  }
  writer_.reset();
  EXPECT_EQ(read_all(), expected);
}

TEST_F(FdLogSinkTest, NeverWaitsForAReaderAndSaysHowManyLinesItDropped) {
  const std::string line = std::string(99, 'x') + "\n";
  constexpr int kLines = 100'000;
  FdLogSink sink(writer_.get(), 10'000);
  for (int i = 0; i < kLines; ++i) sink.write(line);  // nobody reads: this must come back
  std::string all;
  {
    std::jthread reading([&] { all = read_all(); });
    EXPECT_TRUE(sink.flush(kPatience));
    writer_.reset();
  }
  std::size_t written = 0;
  std::size_t dropped = 0;
  for (std::size_t at = 0; at < all.size(); at = all.find('\n', at) + 1) {
    if (all.compare(at, line.size(), line) == 0) {
      ++written;
    } else {
      ASSERT_EQ(all[at], '(');
      dropped += std::stoul(all.substr(at + 1));
    }
  }
  EXPECT_GT(dropped, 0U);
  EXPECT_EQ(written + dropped, static_cast<std::size_t>(kLines));
}

TEST_F(FdLogSinkTest, EndsInTimeWhenNobodyReads) {
  const auto begin = std::chrono::steady_clock::now();
  {
    FdLogSink sink(writer_.get());
    for (int i = 0; i < 100; ++i) sink.write(std::string(4000, 'x') + "\n");
    EXPECT_FALSE(sink.flush(base::milliseconds(1)));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(FdLogSinkTest, SurvivesAReaderThatWentAway) {
  FdLogSink sink(writer_.get());
  reader_.reset();
  sink.write("into the void\n");
  EXPECT_TRUE(sink.flush(kPatience));
}

TEST_F(FdLogSinkTest, LinesOfManyThreadsStayWhole) {
  {
    FdLogSink sink(writer_.get());
    std::vector<std::jthread> threads;
    std::string all;
    {
      std::jthread reading([&] { all = read_all(); });
      for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&sink, t] {
          for (int i = 0; i < 1000; ++i)
            sink.write(std::string(50, static_cast<char>('a' + t)) + "\n");
        });
      }
      threads.clear();
      EXPECT_TRUE(sink.flush(kPatience));
      writer_.reset();
    }
    ASSERT_EQ(all.size(), 4U * 1000 * 51);
    for (std::size_t at = 0; at < all.size(); at += 51) {
      ASSERT_EQ(all.substr(at, 51), std::string(50, all[at]) + "\n");
    }
  }
}

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(FdLogSinkTest, LinesThatAFullDiskRefusesAreCountedAndSaidOnceItTakesLinesAgain) {
  char path[] = "/tmp/larder-log-XXXXXX";
  const UniqueFd file(::mkstemp(path));
  const UniqueFd fd(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(file.valid() && fd.valid());
  FdLogSink sink(fd.get());
  for (const char* line : {"a\n", "b\n", "c\n"}) {
    sink.write(line);
    ASSERT_TRUE(sink.flush(kPatience)) << "nobody waits for room";
  }
  ASSERT_GE(::dup3(file.get(), fd.get(), O_CLOEXEC), 0);  // now there is room
  sink.write("d\n");
  sink.write("e\n");
  ASSERT_TRUE(sink.flush(kPatience));
  EXPECT_EQ(content_of(path),
            "(3 log lines could not be written: No space left on device)\nd\ne\n");
  ::unlink(path);
}

// A disk of one page, of which the log gets what another file leaves.
TEST_F(FdLogSinkTest, ALineThatTheDiskTakesInPartIsEndedBeforeTheNext) {
  char folder[] = "/tmp/larder-disk-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  if (::mount("larder-small-disk", folder, "tmpfs", 0, "size=8k") != 0) {
    ::rmdir(folder);
    GTEST_SKIP() << "a small disk needs root";
  }
  const std::string path = std::string(folder) + "/log";
  const std::string other = std::string(folder) + "/other";
  const std::string line = std::string(2999, 'x') + "\n";
  {
    const UniqueFd filler(::open(other.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    EXPECT_EQ(::write(filler.get(), line.data(), line.size()), 3000);
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    FdLogSink sink(fd.get());
    for (int i = 0; i < 4; ++i) {
      sink.write(line);
      EXPECT_TRUE(sink.flush(kPatience));
    }
    ::unlink(other.c_str());
    EXPECT_EQ(::ftruncate(filler.get(), 0), 0);
    sink.write("again\n");
    EXPECT_TRUE(sink.flush(kPatience));
    EXPECT_EQ(content_of(path), line + std::string(1096, 'x') +
                                    "\n(3 log lines could not be written: No space left on "
                                    "device)\nagain\n");
  }
  EXPECT_EQ(::umount(folder), 0);
  ::rmdir(folder);
}

}  // namespace
