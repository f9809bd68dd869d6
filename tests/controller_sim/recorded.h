// What a real OpenWhisk's controller and invoker said to each other, from data/recorded.json.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace controller_sim {

struct RecordedCase {
  std::string name;
  std::vector<std::string> messages;  // controller to invoker
  std::vector<std::string> acks;
  std::vector<std::string> events;
  std::vector<std::string> records;
};

std::vector<RecordedCase> recorded_cases();
std::string recorded_ping();
// Action documents.
std::vector<base::Json> recorded_actions();

}  // namespace controller_sim
