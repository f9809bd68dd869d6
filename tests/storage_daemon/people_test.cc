// What people see and do: files of both tiers, one volume.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "one_node.h"

namespace storaged_test {
namespace {

using base::ErrorCode;
using base::Json;
using storage_control::Place;

class People : public OneNode {
 protected:
  Use use(const std::string& activation) {
    return Use(*client_, activation, volume_with_parts("job", hints::Lifetime::Kind::kVolume));
  }
  base::Result<Json> ask(const storage_control::Call& call, int descriptor = -1) {
    return client_->ask(call, descriptor);
  }
  Json stat(const std::string& path) {
    auto answer = ask(storage_control::Stat{place(path)});
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? *answer : Json::object();
  }
  std::string text(const Json& json, const char* key) {
    const Json* found = json.find(key);
    if (found == nullptr) return "";
    return found->is_string() ? found->as_string() : found->to_string();
  }
  base::Result<Json> copy(const std::string& path, bool into, const std::string& content) {
    const auto file = folder_.path() / "copy";
    std::ofstream(file) << content;
    const base::UniqueFd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    return ask(storage_control::Copy{place(path), into, false}, fd.get());
  }
  std::string copied() {
    std::string text;
    std::getline(std::ifstream(folder_.path() / "copy"), text);
    return text;
  }
  static Place place(const std::string& path) { return {"guest", "job", path}; }
};

TEST_F(People, SeeFilesOfBothTiersAndWhatIsKnownOfThem) {
  Use writer = use("a1");
  ASSERT_EQ(::mkdirat(writer.root(), "d", 0755), 0);
  for (const char* name : {"d/b", "d/a.part", "d/c.part"}) ASSERT_TRUE(writer.write(name, "12345"));
  ASSERT_TRUE(writer.finish(true));
  Use second = use("a2"), third = use("a3");
  ASSERT_TRUE(second.write("d/new.part", "123"));
  ASSERT_TRUE(second.write("d/b", "123"));
  ASSERT_TRUE(third.write("d/lost.part", "1"));
  ASSERT_TRUE(third.finish(false));

  const auto listed = ask(storage_control::List{place("d"), ""});
  ASSERT_TRUE(listed) << listed.error().message;
  std::string names;
  for (const Json& entry : listed->find("entries")->items()) {
    names += text(entry, "name") + " " + text(entry, "tier") + " " + text(entry, "state") + "\n";
  }
  EXPECT_EQ(names,
            "a.part ephemeral sealed\nb durable \nc.part ephemeral sealed\n"
            "lost.part ephemeral poisoned\nnew.part ephemeral writing\n");

  const Json sealed = stat("d/a.part");
  EXPECT_EQ(text(sealed, "holders"), "[\"one\"]");
  EXPECT_EQ(text(sealed, "lifetime"), "volume");
  EXPECT_EQ(text(sealed, "version"), "1");
  EXPECT_EQ(text(stat("d/lost.part"), "reason"), "the activation that wrote it failed");
  ASSERT_TRUE(second.finish(true));
  const Json durable = stat("d/b");
  const Json* versions = durable.find("versions");
  ASSERT_NE(versions, nullptr);
  ASSERT_EQ(versions->items().size(), 2U) << versions->to_string();
  EXPECT_EQ(text(versions->items()[0], "bytes"), "3");
  EXPECT_EQ(text(versions->items()[1], "bytes"), "5");

  // Of what is not whole no size is known.
  const auto usage = ask(storage_control::Usage{place("")});
  ASSERT_TRUE(usage);
  EXPECT_EQ(text(*usage, "durable"), R"({"bytes":3,"files":1,"directories":2})");
  EXPECT_EQ(text(*usage, "ephemeral"), R"({"bytes":13,"files":4,"directories":0})");
}

TEST_F(People, ALongDirectoryOfBothTiersIsListedOnceEach) {
  Use writer = use("a1");
  constexpr int kNames = 450;
  std::vector<std::string> wanted;
  for (int i = 0; i < kNames; ++i) {
    wanted.push_back(std::to_string(1000 + i) + (i % 3 == 0 || i > 300 ? ".part" : ""));
    ASSERT_TRUE(writer.write(wanted.back(), "x"));
  }
  ASSERT_TRUE(writer.finish(true));
  std::vector<std::string> names;
  storage_control::List call{place(""), ""};
  do {
    const auto page = ask(call);
    ASSERT_TRUE(page) << page.error().message;
    for (const Json& entry : page->find("entries")->items()) names.push_back(text(entry, "name"));
    call.after = *storage_control::decode_bytes(text(*page, "after"));
  } while (!call.after.empty());
  EXPECT_EQ(names, wanted);
}

TEST_F(People, CopyEphemeralFilesWhenTheyAreFinal) {
  Use writer = use("a1");
  ASSERT_TRUE(writer.write("a.part", "hello"));
  EXPECT_EQ(copy("a.part", false, "").error().code, ErrorCode::kConflict);
  ASSERT_TRUE(writer.finish(true));
  const auto out = copy("a.part", false, "");
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ(text(*out, "bytes"), "5");
  EXPECT_EQ(copied(), "hello");

  Use failing = use("a2");
  ASSERT_TRUE(failing.write("b.part", "x"));
  ASSERT_TRUE(failing.finish(false));
  EXPECT_EQ(copy("b.part", false, "").error().code, ErrorCode::kDataLoss);

  for (const char* path : {"new.id", "a.part"}) {
    const auto in = copy(path, true, "from outside");
    ASSERT_TRUE(in) << in.error().message;
    EXPECT_EQ(text(*in, "tier"), "ephemeral");
    EXPECT_EQ(use("a3").read(path), "from outside");
  }
  const auto durable = copy("deep/new", true, "from outside");
  ASSERT_TRUE(durable) << durable.error().message;
  EXPECT_EQ(text(*durable, "tier"), "durable");
  EXPECT_EQ(use("a4").read("deep/new"), "from outside");
}

TEST_F(People, RemoveWhatIsEphemeralAndNoDirectoryThatHasSomeInIt) {
  Use writer = use("a1");
  ASSERT_EQ(::mkdirat(writer.root(), "d", 0755), 0);
  ASSERT_EQ(::mkdirat(writer.root(), "e.id", 0755), 0);
  for (const char* name : {"d/a.part", "e.id/x"}) ASSERT_TRUE(writer.write(name, "x"));
  ASSERT_TRUE(writer.finish(true));
  for (const char* full : {"d", "e.id"}) {
    EXPECT_EQ(ask(storage_control::Remove{place(full), false}).error().code, ErrorCode::kConflict);
  }
  for (const char* path : {"d/a.part", "d", "e.id/x", "e.id"}) {
    const auto removed = ask(storage_control::Remove{place(path), false});
    ASSERT_TRUE(removed) << path << removed.error().message;
  }
  EXPECT_EQ(use("a2").list("."), (std::vector<std::string>{}));
}

TEST_F(People, FindAndMendBytesThatAreNotThere) {
  Use writer = use("a1");
  ASSERT_TRUE(writer.write("a.part", "hello"));
  ASSERT_TRUE(writer.write("b.part", "hello"));
  ASSERT_TRUE(writer.finish(true));
  int removed = 0;
  for (const auto& file :
       std::filesystem::recursive_directory_iterator(folder_.path() / "state" / "ephemeral")) {
    if (file.is_regular_file() && file.file_size() == 5 && removed == 0) {
      removed = ::unlink(file.path().c_str()) == 0 ? 1 : -1;
    }
  }
  ASSERT_EQ(removed, 1);
  for (const bool repair : {false, true}) {
    const auto report = ask(storage_control::Check{place(""), repair});
    ASSERT_TRUE(report) << report.error().message;
    const Json* ephemeral = report->find("guest/job")->find("ephemeral");
    ASSERT_NE(ephemeral, nullptr);
    EXPECT_EQ(text(*ephemeral, "found"), "1") << ephemeral->to_string();
    EXPECT_EQ(text(ephemeral->find("findings")->items().at(0), "repaired"),
              repair ? "true" : "false");
  }
  const auto clean = ask(storage_control::Check{place(""), false});
  EXPECT_EQ(text(*clean->find("guest/job")->find("ephemeral"), "found"), "0");
  EXPECT_EQ(use("a2").list(".").size(), 1U);
}

}  // namespace
}  // namespace storaged_test
