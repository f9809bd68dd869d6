#include "archive.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/unique_fd.h"
#include "base64.h"
#include "zip_builder.h"

namespace proxy {
namespace {

using invoker_container::ZipBuilder;

class Archive : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/larder-archive-XXXXXX";
    outside_ = mkdtemp(path);
    std::filesystem::create_directory(outside_ + "/inside");
    inside_.reset(open((outside_ + "/inside").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  void TearDown() override { std::filesystem::remove_all(outside_); }

  base::Status unpack_here(const std::string& zip) { return unpack(zip, inside_.get()); }
  std::string read(const std::string& name) const {
    std::ifstream file(outside_ + "/inside/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::size_t entries_outside() const {
    const std::filesystem::directory_iterator all(outside_);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }
  void expect_refused(const std::string& zip, const std::string& part) {
    const auto status = unpack_here(zip);
    ASSERT_FALSE(status.ok()) << part;
    EXPECT_EQ(status.error().code, base::ErrorCode::kInvalidArgument);
    EXPECT_THAT(status.error().message, ::testing::HasSubstr(part));
    EXPECT_EQ(entries_outside(), 1U);
  }

  std::string outside_;
  base::UniqueFd inside_;
};

TEST_F(Archive, FilesAndFoldersComeOutWithTheirModes) {
  ZipBuilder zip;
  zip.add("a/", "", 040755).add("a/b/c.txt", "text").add("exec", "#!/bin/sh\n", 0100755);
  zip.add("plain", "x", 0);
  const auto status = unpack_here(zip.build());
  ASSERT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(read("a/b/c.txt"), "text");
  struct stat about{};
  ASSERT_EQ(stat((outside_ + "/inside/exec").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0700, 0700U);
  EXPECT_EQ(read("plain"), "x");
}

TEST_F(Archive, AnEmptyArchiveIsRefused) { expect_refused(ZipBuilder().build(), "broken"); }

TEST_F(Archive, NamesThatPointOutsideAreRefused) {
  for (const char* name : {"../evil", "a/../../evil", "/etc/evil", "a/..", "..", "./a", "a//b",
                           "..\\evil", "C:\\evil", ""}) {
    expect_refused(ZipBuilder().add(name, "x").build(), "may point outside");
  }
  expect_refused(ZipBuilder().add(std::string_view("a\0b", 3), "x").build(), "may point outside");
}

TEST_F(Archive, LinksAndDevicesAreRefused) {
  for (const unsigned type : {0120777U, 0020666U, 0060666U, 0010644U, 0140755U}) {
    expect_refused(ZipBuilder().add("link", "/etc/passwd", type).build(), "neither a file nor");
  }
}

TEST_F(Archive, NothingIsWrittenTwice) {
  expect_refused(ZipBuilder().add("a", "1").add("a", "2").build(), "twice");
  expect_refused(ZipBuilder().add("f", "1").add("f/g", "2").build(), "twice");
}

TEST_F(Archive, TooManyEntriesAreRefused) {
  ZipBuilder zip;
  zip.add("folder/", "", 040755);
  for (std::size_t i = 0; i < kEntriesMax + 1; ++i) zip.add("folder/", "", 040755);
  expect_refused(zip.build(), "more than 50000 entries");
}

TEST_F(Archive, LongNamesAreRefused) {
  expect_refused(ZipBuilder().add(std::string(2'000, 'a'), "x").build(), "too long");
}

TEST_F(Archive, BrokenArchivesAreRefused) {
  const std::string zip = ZipBuilder().add("a", "some content").build();
  for (std::size_t length = 0; length < zip.size(); ++length) {
    std::filesystem::remove_all(outside_ + "/inside/a");
    EXPECT_FALSE(unpack_here(zip.substr(0, length)).ok()) << length;
  }
  std::string wrong_sum = zip;
  wrong_sum[zip.find("some")] = 'S';
  std::filesystem::remove_all(outside_ + "/inside/a");
  expect_refused(wrong_sum, "broken");
}

TEST(Base64, DecodesWhatWasEncoded) {
  for (std::string text : {"", "a", "ab", "abc", "abcd", "\xff\x00\x80"}) {
    std::string coded = invoker_container::base64(text);
    EXPECT_EQ(decode_base64(coded), std::nullopt);
    EXPECT_EQ(coded, text);
  }
  std::string lines = "YWJj\r\nZGVm\n";
  EXPECT_EQ(decode_base64(lines), std::nullopt);
  EXPECT_EQ(lines, "abcdef");
}

TEST(Base64, SaysWhereItIsWrong) {
  std::string text = "YWJj!GVm";
  EXPECT_EQ(decode_base64(text), 4U);
  for (std::string wrong : {"Y", "YWJjZ", "YWI==", "Y===", "YW=I"}) {
    EXPECT_NE(decode_base64(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace proxy
