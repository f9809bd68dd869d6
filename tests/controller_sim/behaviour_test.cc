// What actions do, and that their sources do it: run by the interpreters of this machine.
#include "controller_sim/behaviour.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "controller_sim/store.h"

namespace controller_sim {
namespace {

using base::Json;

const std::vector<std::string> kAll = {"noop",  "echo", "sleep:2", "fail", "throw", "result:10",
                                       "log:2", "hang", "oom",     "exit", "init"};

TEST(BehaviourTest, NamesAndAmountsAreRead) {
  EXPECT_EQ(parse_behaviour("sleep:250")->deed, Deed::kSleep);
  EXPECT_EQ(parse_behaviour("sleep:250")->amount, 250);
  EXPECT_EQ(parse_behaviour("hang")->amount, 1000);
  for (const char* wrong :
       {"", "slep", "sleep:", "sleep:x", "sleep:-1", "sleep:1x", "noop:1", "result:99999999999"}) {
    EXPECT_FALSE(parse_behaviour(wrong)) << wrong;
  }
}

TEST(BehaviourTest, EveryDeedIsWrittenInBothLanguages) {
  for (const std::string& text : kAll) {
    const Behaviour behaviour = parse_behaviour(text).value();
    EXPECT_TRUE(code_for(behaviour, "python:3")) << text;
    EXPECT_TRUE(code_for(behaviour, "nodejs:20")) << text;
    EXPECT_FALSE(code_for(behaviour, "swift:5")) << text;
  }
  EXPECT_TRUE(health_code_for("nodejs:default"));
  EXPECT_FALSE(health_code_for("swift:5"));
}

TEST(BehaviourTest, AResultLargerThanThePayloadLimitIsAnApplicationError) {
  const Behaviour behaviour = parse_behaviour("result:2000").value();
  EXPECT_EQ(expectation_of(behaviour, content_for(behaviour, 0), 1000).status, 1);
  EXPECT_EQ(expectation_of(behaviour, content_for(behaviour, 0), 3000).status, 0);
}

TEST(BehaviourTest, AnUncaughtExceptionIsTheDevelopersOrTheApplicationsError) {
  const Behaviour behaviour = parse_behaviour("throw").value();
  const Expectation wanted = expectation_of(behaviour, content_for(behaviour, 0), 1000);
  EXPECT_TRUE(wanted.allows(1));
  EXPECT_TRUE(wanted.allows(2));
  EXPECT_FALSE(wanted.allows(0));
  EXPECT_FALSE(wanted.allows(3));
}

// The last line that `command` prints.
std::string last_line_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::string line;
  std::string last;
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) {
    if (c != '\n') {
      line += static_cast<char>(c);
    } else {
      last = std::exchange(line, {});
    }
  }
  pclose(pipe);
  return last;
}

class CodeTest : public testing::TestWithParam<std::string> {
 protected:
  // Runs the source with these parameters, as a runtime would.
  static Json run(const std::string& language, const Behaviour& behaviour, const Json& content) {
    const bool python = language == "python3";
    const std::string path =
        testing::TempDir() + "behaviour_" + behaviour.text.substr(0, 4) + (python ? ".py" : ".js");
    const std::string quoted = Json(content.to_string()).to_string();
    std::ofstream file(path);
    file << code_for(behaviour, python ? "python:3" : "nodejs:20").value();
    if (python) {
      file << "\nimport json\nprint(json.dumps(main(json.loads(" << quoted << "))))\n";
    } else {
      file << "\nmain(JSON.parse(" << quoted
           << ")).then(result => console.log(JSON.stringify(result)));\n";
    }
    file.close();
    const Json result =
        Json::parse(last_line_of("GREETING='good morning' " + language + " " + path)).value();
    std::filesystem::remove(path);
    return result;
  }
};

TEST_P(CodeTest, ReturnsWhatIsExpected) {
  if (std::system((GetParam() + " --version >/dev/null 2>&1").c_str()) != 0) {
    GTEST_SKIP() << "no " << GetParam();
  }
  const std::string marks = testing::TempDir() + "behaviour_marks_" + GetParam();
  std::filesystem::remove(marks);
  for (const std::string text : {"noop", "echo", "sleep:2", "fail", "result:10", "log:2", "init"}) {
    SCOPED_TRACE(text);
    const Behaviour behaviour = parse_behaviour(text).value();
    Json content = content_for(behaviour, 7);
    content.set("mark", Json::object({{"file", marks}, {"id", text}}));
    const Expectation wanted = expectation_of(behaviour, content, 1 << 20);
    EXPECT_EQ(run(GetParam(), behaviour, content), *wanted.result);
  }
  std::ifstream file(marks);
  std::string first;
  std::getline(file, first);
  EXPECT_EQ(first, "noop");
  std::filesystem::remove(marks);
}

INSTANTIATE_TEST_SUITE_P(Languages, CodeTest, testing::Values("python3", "node"));

TEST(StoreTest, DocumentIdsAreOneSegment) {
  EXPECT_EQ(url_segment("guest/pkg/a b"), "guest%2Fpkg%2Fa+b");
  EXPECT_EQ(url_segment("a-b_c.d*~\xC3\xA4"), "a-b_c.d*%7E%C3%A4");
}

}  // namespace
}  // namespace controller_sim
