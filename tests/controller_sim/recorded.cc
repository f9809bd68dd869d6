#include "recorded.h"

#include <fstream>
#include <sstream>

namespace controller_sim {
namespace {

base::Json recorded() {
  std::ifstream file(LARDER_TEST_DATA "/recorded.json");
  std::stringstream text;
  text << file.rdbuf();
  return base::Json::parse(text.str()).value();
}

std::vector<std::string> texts_of(const base::Json& each, std::string_view key) {
  std::vector<std::string> texts;
  const base::Json* list = each.find(key);
  if (list == nullptr) return texts;
  for (const base::Json& text : list->items()) texts.push_back(text.as_string());
  return texts;
}

}  // namespace

std::vector<RecordedCase> recorded_cases() {
  std::vector<RecordedCase> cases;
  const base::Json all = recorded();
  for (const base::Json& each : all.find("cases")->items()) {
    cases.push_back({each.find("case")->as_string(), texts_of(each, "messages"),
                     texts_of(each, "acks"), texts_of(each, "events"), texts_of(each, "records")});
  }
  return cases;
}

std::string recorded_ping() { return recorded().find("ping")->as_string(); }

std::vector<base::Json> recorded_actions() {
  std::vector<base::Json> actions;
  for (const std::string& text : texts_of(recorded(), "actions")) {
    actions.push_back(base::Json::parse(text).value());
  }
  return actions;
}

}  // namespace controller_sim
