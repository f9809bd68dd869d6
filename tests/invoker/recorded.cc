#include "recorded.h"

#include <fstream>
#include <sstream>

#include "invoker/message_json.h"

namespace invoker {

base::Json recorded(const std::string& file) {
  std::ifstream stream(std::string(LARDER_TEST_DATA) + "/" + file);
  std::stringstream text;
  text << stream.rdbuf();
  return base::Json::parse(text.str()).value();
}

ActivationMessage message_of(const base::Json& json) {
  return read_activation_message(json, base::WallTime{}).value();
}

ActivationMessage some_message() {
  return message_of(*recorded("messages.json").find("accepted")->items().front().find("message"));
}

Action some_action() {
  Action action;
  action.path = "guest";
  action.name = "echo";
  action.version = "0.0.1";
  action.exec.kind = "python:3";
  action.exec.code = "def main(a): return a";
  return action;
}

}  // namespace invoker
