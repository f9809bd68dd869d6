// What the real system said, from the files in data/.
#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include "base/json.h"

namespace couch_tests {

inline base::Json recorded(const std::string& file) {
  std::ifstream in(std::string(LARDER_TEST_DATA) + "/" + file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return base::Json::parse(text).value();
}

}  // namespace couch_tests
