// An invoker, to be killed: one activation that makes a step, and what became of it.
//
//   invoker_process SOCKET CLIENT VOLUME ACTIVATION -> opened, read, wrote, then done NUMBER,
//                                                      conflict or failed WHY; wrong WHAT
#include <iostream>
#include <string>

#include "steps.h"

namespace {

void say(const std::string& line) { std::cout << line + "\n" << std::flush; }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const auto client =
      storage_control::ControlClient::connect({argv[1], argv[2], std::chrono::seconds(30)});
  if (!client) {
    say("failed " + client.error().message);
    return 1;
  }
  storaged_test::Steps steps(argv[3]);
  const auto step = steps.one(**client, argv[4], [](const char* where) { say(where); });
  for (const auto& wrong : steps.wrongs()) say("wrong " + wrong);
  if (step.done()) {
    say("done " + std::to_string(step.number));
  } else {
    say(step.kind == storaged_test::Step::Kind::kConflict ? "conflict" : "failed " + step.why);
  }
}
