// Real services, started by the scripts in tests/services.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace testing_services {

// Where the service `name` keeps what it says of itself; empty where nobody started it.
inline std::filesystem::path folder_of(const std::string& name) {
  const char* folder = std::getenv("SERVICES_FOLDER");  // set by larder_test(... SERVICES ...)
  return folder == nullptr ? std::filesystem::path() : std::filesystem::path(folder) / name;
}

// The first line of a file that the service `name` wrote about itself; empty where there is none.
inline std::string said_by(const std::string& name, const std::string& file) {
  std::ifstream in(folder_of(name) / file);
  std::string line;
  std::getline(in, line);
  return line;
}

// Where it listens; empty when it does not run.
inline std::string address_of(const std::string& name) { return said_by(name, "address"); }

inline std::string reason_without(const std::string& name) {
  const std::string reason = said_by(name, "reason");
  return reason.empty() ? "start it with tests/services/" + name : reason;
}

}  // namespace testing_services

// Skips the test, with the reason, where the service cannot run.
#define NEEDS_SERVICE(name)                                                            \
  if (testing_services::address_of(name).empty()) {                                    \
    GTEST_SKIP() << "no " << (name) << ": " << testing_services::reason_without(name); \
  }
