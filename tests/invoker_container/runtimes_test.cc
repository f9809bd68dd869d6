// Kinds: what they take as code, what they answer, what they say when it goes wrong.
#include <chrono>

#include "sandbox_fixture.h"
#include "zip_builder.h"

namespace invoker_container {
namespace {

using ::testing::HasSubstr;

class Python : public SandboxTest {
 protected:
  void SetUp() override {
    if (!has_kind("python:3")) GTEST_SKIP() << "no python3 in /usr/bin";
    SandboxTest::SetUp();
  }
};

class Node : public SandboxTest {
 protected:
  void SetUp() override {
    if (!has_kind("nodejs:")) GTEST_SKIP() << "no node in /usr";
    SandboxTest::SetUp();
  }
  std::unique_ptr<invoker::Container> node() { return create(kind_of("nodejs:")); }
  invoker::CallOutcome call(const std::string& code, const std::string& value = "{}") {
    const auto container = node();
    const auto outcome = initialize(*container, code);
    return outcome.status == 200 ? run(*container, value) : outcome;
  }
};

using Native = SandboxTest;

TEST_F(Python, AFunctionIsCalledWithItsParametersAndContext) {
  const auto container = python(
      "import os\ndef main(args):\n  return {'args': args, 'id': os.environ['__OW_ACTIVATION_ID'],"
      " 'env': os.environ['GREETING']}\n");
  EXPECT_EQ(run(*container, R"({"name":"ä"})").body,
            R"({"args":{"name":"ä"},"id":"0123456789abcdef0123456789abcdef","env":"hello"})");
}

TEST_F(Python, AnAsyncFunctionIsAwaited) {
  const auto container = python(
      "import asyncio\nasync def main(args):\n  await asyncio.sleep(0)\n  return {'a': 1}\n");
  EXPECT_EQ(run(*container).body, R"({"a":1})");
}

TEST_F(Python, AnArrayIsAnAnswer) {
  EXPECT_EQ(run(*python("def main(args):\n  return [1, args]\n")).body, "[1,{}]");
}

TEST_F(Python, AnotherResultIsADevelopersError) {
  const auto outcome = run(*python("def main(args):\n  return 'text'\n"));
  EXPECT_EQ(outcome.status, 502);
  EXPECT_EQ(outcome.body, R"({"error": "The action did not return a dictionary or array."})");
}

TEST_F(Python, AnExceptionIsAnErrorWithItsTracebackInTheLog) {
  const auto container = python("def main(args):\n  raise ValueError('bad thing')\n");
  const auto outcome = run(*container);
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.body, R"({"error": "bad thing"})");
  const auto logs = container->logs({});
  ASSERT_FALSE(logs.lines.empty());
  EXPECT_TRUE(logs.lines.back().is_stderr);
  EXPECT_EQ(logs.lines.back().text, "ValueError: bad thing");
}

TEST_F(Python, CodeThatCannotBeReadFailsAtInit) {
  const auto container = create("python:3");
  const auto outcome = initialize(*container, "def main(a:\n");
  EXPECT_EQ(outcome.status, 502);
  EXPECT_THAT(outcome.body, HasSubstr("The action failed to generate or locate a binary: "));
  EXPECT_THAT(outcome.body, HasSubstr("was never closed"));
}

TEST_F(Python, AMissingFunctionFailsAtInit) {
  const auto container = create("python:3");
  const auto outcome = initialize(*container, "def other(a):\n  pass\n");
  EXPECT_EQ(outcome.status, 502);
  EXPECT_THAT(outcome.body, HasSubstr("there is no function 'main'"));
}

TEST_F(Python, CodeThatExitsAtInitBreaksTheConnection) {
  const auto container = create("python:3");
  const auto outcome = initialize(*container, "import os\nos._exit(1)\n");
  EXPECT_EQ(outcome.error, invoker::CallError::kConnectionLost);
}

TEST_F(Python, AnotherFunctionCanBeNamed) {
  const auto container = create("python:3");
  ASSERT_EQ(initialize(*container, "def go(a):\n  return {'b': 2}\n", false, "go").status, 200);
  EXPECT_EQ(run(*container).body, R"({"b":2})");
}

TEST_F(Python, AnArchiveBringsItsModules) {
  const auto container = create("python:3");
  const std::string zip =
      ZipBuilder()
          .add("__main__.py", "from lib.tool import f\ndef main(a):\n  return f()\n")
          .add("lib/__init__.py", "")
          .add("lib/tool.py", "def f():\n  return {'c': 3}\n")
          .build();
  const auto outcome = initialize(*container, base64(zip), true);
  ASSERT_EQ(outcome.status, 200) << outcome.body;
  EXPECT_EQ(run(*container).body, R"({"c":3})");
}

TEST_F(Python, BadArchivesFailAtInitWithASentence) {
  const std::pair<std::string, const char*> cases[] = {
      {base64(ZipBuilder().add("other.py", "").build()), "no __main__.py"},
      {base64(ZipBuilder().add("../__main__.py", "").build()), "may point outside of the action"},
      {base64("no zip at all"), "is not a zip archive"},
      {"@@@", "illegal base64"}};
  for (const auto& [code, part] : cases) {
    const auto container = create("python:3");
    const auto outcome = initialize(*container, code, true);
    EXPECT_EQ(outcome.status, 502);
    EXPECT_THAT(outcome.body, HasSubstr(part));
    const auto logs = container->logs({});
    EXPECT_FALSE(logs.failed);
  }
}

TEST_F(Python, WhatTheActionReadsFromItsInputIsNotTheNextCall) {
  const auto container = python("import sys\ndef main(a):\n  return {'in': sys.stdin.read()}\n");
  EXPECT_EQ(run(*container).body, R"({"in":""})");
  EXPECT_EQ(run(*container).body, R"({"in":""})");
}

TEST_F(Python, MoreThanOneLineIsADevelopersError) {
  const auto container =
      python("import os\ndef main(a):\n  os.write(3, b'{\"a\":1}\\n{\"b\":2}\\n')\n  return {}\n");
  const auto outcome = run(*container);
  EXPECT_EQ(outcome.status, 502);
  EXPECT_THAT(outcome.body, HasSubstr("more than one line"));
}

TEST_F(Python, ALineThatNobodyAskedForIsNotTheNextAnswer) {
  const auto container = python(
      "import os, threading\ndone = threading.Event()\n"
      "def late():\n  done.wait()\n  os.write(3, b'{\"late\":1}\\n')\n"
      "def main(a):\n  if a.get('ask'): done.set()\n"
      "  else: threading.Thread(target=late).start()\n  return {'n': a['n']}\n");
  EXPECT_EQ(run(*container, R"({"n":1})").body, R"({"n":1})");
  // The second call lets the thread write; whichever line comes first, the third call is refused.
  run(*container, R"({"n":2,"ask":true})");
  int status = 0;
  for (int i = 0; i < 100 && status != 503; ++i) status = run(*container, R"({"n":3})").status;
  EXPECT_EQ(status, 503);
}

TEST_F(Python, AForkedProcessThatReturnsAnswersNothing) {
  const auto container = python(
      "import os\ndef main(a):\n  if os.fork() == 0: return {'child': True}\n"
      "  os.wait()\n  return {'n': a['n']}\n");
  EXPECT_EQ(run(*container, R"({"n":1})").body, R"({"n":1})");
  EXPECT_EQ(run(*container, R"({"n":2})").body, R"({"n":2})");
}

TEST_F(Python, LargeAnswersAndParametersGoThrough) {
  const auto container = python("def main(a):\n  return {'x': a['x'] * 3}\n");
  const std::string text(900'000, 'y');
  const auto outcome = container->post("/run", R"({"value":{"x":")" + text + R"("}})", in(kLong),
                                       {.max_bytes = 8 << 20, .truncation_bytes = 8 << 20}, false);
  EXPECT_EQ(outcome.body.size(), 2'700'000U + 8U);
}

TEST_F(Python, ALateInitOfAStartedContainerIsQuick) {
  const auto container = create("python:3");
  // Refused, and answered by the proxy itself; then the interpreter has had its time to start.
  ASSERT_EQ(container->post("/init", R"({"value":{}})", in(kLong), {}, true).status, 403);
  EXPECT_EQ(initialize(*container, "def main(a):\n  return {}\n").status, 200);
  EXPECT_EQ(run(*container).body, "{}");
}

TEST_F(Node, AFunctionIsFoundHoweverItIsDeclared) {
  for (const char* code : {"function main(args) { return {a: args.x + 1}; }",
                           "const main = (args) => ({a: args.x + 1});",
                           "exports.main = async (args) => ({a: args.x + 1});",
                           "module.exports = {main: function (args) { return {a: args.x + 1}; }};",
                           "function main(args) { return Promise.resolve({a: args.x + 1}); }"}) {
    const auto outcome = call(code, R"({"x":1})");
    EXPECT_EQ(outcome.body, R"({"a":2})") << code;
  }
}

TEST_F(Node, NoResultIsAnEmptyObject) { EXPECT_EQ(call("function main() {}").body, "{}"); }

TEST_F(Node, AnotherResultIsADevelopersError) {
  const auto outcome = call("function main() { return 'text'; }");
  EXPECT_EQ(outcome.status, 502);
  EXPECT_EQ(outcome.body, R"({"error":"The action did not return a dictionary."})");
}

TEST_F(Node, ARejectedPromiseIsAnApplicationError) {
  const auto outcome = call("function main() { return Promise.reject('no'); }");
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.body, R"({"error":"no"})");
}

TEST_F(Node, AThrownErrorIsADevelopersError) {
  const auto outcome = call("function main() { throw new Error('bad'); }");
  EXPECT_EQ(outcome.status, 502);
  EXPECT_EQ(outcome.body, R"({"error":"An error has occurred: Error: bad"})");
}

TEST_F(Node, InitFailsWithAReason) {
  const auto syntax = call("function main( {");
  EXPECT_EQ(syntax.status, 502);
  EXPECT_THAT(syntax.body, HasSubstr("Initialization has failed due to: "));
  EXPECT_THAT(call("function other() {}").body,
              HasSubstr("Action entrypoint 'main' is not a function"));
}

TEST_F(Node, AnArchiveIsAModule) {
  const auto container = node();
  const std::string zip = ZipBuilder()
                              .add("package.json", R"({"main":"lib/go.js"})")
                              .add("lib/go.js", "exports.main = () => require('tool');")
                              .add("node_modules/tool/index.js", "module.exports = {t: 1};")
                              .build();
  const auto outcome = initialize(*container, base64(zip), true);
  ASSERT_EQ(outcome.status, 200) << outcome.body;
  EXPECT_EQ(run(*container).body, R"({"t":1})");
}

TEST_F(Node, AnArchiveWithoutAnEntryFailsAtInit) {
  const auto container = node();
  const auto outcome = initialize(*container, base64(ZipBuilder().add("a.js", "").build()), true);
  EXPECT_EQ(outcome.status, 502);
  EXPECT_THAT(outcome.body, HasSubstr("must contain either package.json or index.js at the root"));
}

TEST_F(Native, AProgramThatAnswersOnDescriptorThreeGoesOnServing) {
  const auto container = create("blackbox");
  ASSERT_EQ(initialize(*container, loop_script("echo \"{\\\"n\\\":$((++n))}\" >&3")).status, 200);
  EXPECT_EQ(run(*container).body, R"({"n":1})");
  EXPECT_EQ(run(*container).body, R"({"n":2})");
}

TEST_F(Native, AProgramThatEndsAnswersWithItsLastLine) {
  const auto container = create("blackbox");
  ASSERT_EQ(initialize(*container,
                       "#!/bin/bash\necho first\necho \"{\\\"p\\\":$1,"
                       "\\\"id\\\":\\\"$__OW_ACTIVATION_ID\\\"}\"\n")
                .status,
            200);
  for (const char* value : {R"({"a":1})", R"({"a":2})"}) {
    EXPECT_EQ(run(*container, value).body,
              std::string(R"({"p":)") + value + R"(,"id":"0123456789abcdef0123456789abcdef"})");
    const auto logs = container->logs({});
    ASSERT_EQ(logs.lines.size(), 1U);
    EXPECT_EQ(logs.lines[0].text, "first");
  }
}

TEST_F(Native, AProgramWithoutAnAnswerIsADevelopersError) {
  const auto container = create("blackbox");
  ASSERT_EQ(initialize(*container, "#!/bin/sh\necho nothing useful\n").status, 200);
  const auto outcome = run(*container);
  EXPECT_EQ(outcome.status, 502);
  EXPECT_EQ(outcome.body, R"({"error":"The action did not return a dictionary or array."})");
}

TEST_F(Native, AnArchiveBringsItsProgram) {
  const auto container = create("blackbox");
  const std::string zip = ZipBuilder()
                              .add("exec", "#!/bin/sh\ncat data/answer\n")
                              .add("data/answer", R"({"from":"the archive"})")
                              .build();
  ASSERT_EQ(initialize(*container, base64(zip), true).status, 200);
  EXPECT_EQ(run(*container).body, R"({"from":"the archive"})");
}

TEST_F(Native, WhatIsNoProgramFailsAtInit) {
  const auto text = create("blackbox");
  EXPECT_EQ(initialize(*text, "just text").status, 502);
  const auto archive = create("blackbox");
  const auto outcome = initialize(*archive, base64(ZipBuilder().add("x", "").build()), true);
  EXPECT_EQ(outcome.status, 502);
  EXPECT_THAT(outcome.body, HasSubstr("no file 'exec' at its root"));
}

TEST_F(Native, ForeignImagesAreUnsupportedWithASentence) {
  auto spec = spec_of("blackbox");
  spec.image = "someone/image:1.2";
  const auto container = factory_->create(spec);
  ASSERT_FALSE(container.ok());
  EXPECT_EQ(container.error().code, base::ErrorCode::kUnsupported);
  EXPECT_THAT(container.error().message, HasSubstr("someone/image:1.2"));
  spec.image = "openwhisk/dockerskeleton:nightly";
  EXPECT_TRUE(factory_->create(spec).ok());
}

}  // namespace
}  // namespace invoker_container
