#include "own_broker.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/check.h"

namespace kafka_testing {

OwnBroker::OwnBroker() {
  char name[] = "/tmp/larder-own-kafka-XXXXXX";
  CHECK(::mkdtemp(name) != nullptr);
  folder_ = name;
  run("start");
  address_ = first_line("address");
}

OwnBroker::~OwnBroker() {
  run("stop");
  std::filesystem::remove_all(folder_);
}

std::string OwnBroker::reason() const { return first_line("reason"); }

void OwnBroker::run(const std::string& what) const {
  const std::string command =
      std::string(LARDER_KAFKA_SCRIPT) + " " + what + " " + folder_ + " >/dev/null";
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody here changes the environment
  CHECK(std::system(command.c_str()) == 0);
}

void OwnBroker::freeze() const { signal(SIGSTOP); }
void OwnBroker::thaw() const { signal(SIGCONT); }

void OwnBroker::signal(int number) const {
  CHECK(::kill(std::stoi(first_line("pids")), number) == 0);
}

std::string OwnBroker::first_line(const std::string& file) const {
  std::ifstream in(folder_ + "/" + file);
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace kafka_testing
