#include "controller_sim/marks.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>

namespace controller_sim {
namespace {

// Sends `text` to a port of loopback; what comes back until the other side closes.
std::string talk(std::uint16_t port, const std::string& text) {
  const base::UniqueFd fd(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(port);
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&place), sizeof place) != 0) return "refused";
  static_cast<void>(send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL));
  char answer = 0;
  return recv(fd.get(), &answer, 1, 0) == 1 ? std::string(1, answer) : "closed";
}

TEST(MarksTest, LinesOfAFileAreCountedById) {
  const std::string path = testing::TempDir() + "marks_test_lines";
  std::ofstream(path) << "a\nb\n\na\n";
  EXPECT_EQ(read_marks(path), (Marks{{"a", 2}, {"b", 1}}));
  std::filesystem::remove(path);
  EXPECT_TRUE(read_marks(path).empty());
}

TEST(MarksTest, AConnectionLeavesAMarkBeforeItIsAnswered) {
  const auto listener = MarkListener::listen("127.0.0.1", 0);
  ASSERT_TRUE(listener) << listener.error().message;
  EXPECT_EQ(talk((*listener)->port(), "one\n"), "+");
  EXPECT_EQ(talk((*listener)->port(), "one\n"), "+");
  EXPECT_EQ((*listener)->marks(), (Marks{{"one", 2}}));
}

TEST(MarksTest, AnAddressThatIsNoneIsRefused) { EXPECT_FALSE(MarkListener::listen("nowhere", 0)); }

}  // namespace
}  // namespace controller_sim
