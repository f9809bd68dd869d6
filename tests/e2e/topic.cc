// A topic in the hands of a test: puts files into it, one message each, or tells what comes in and
// when.
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <string>

#include "base/clock.h"
#include "controller_sim/kafka.h"

namespace {

using controller_sim::Kafka;
using std::chrono::milliseconds;

int fail(const base::Error& error) {
  std::cerr << error.message << '\n';
  return 1;
}

base::Status put(Kafka& kafka, const std::string& topic, std::span<char* const> files) {
  for (const std::string path : files) {
    std::ifstream file(path, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    TRY_STATUS(kafka.send(topic, text, path));
  }
  kafka.flush(milliseconds(10'000));
  std::size_t arrived = 0;
  for (const auto& delivery : kafka.take_deliveries()) {
    if (!delivery.error.empty()) {
      return base::Error{base::ErrorCode::kUnavailable, delivery.token + ": " + delivery.error};
    }
    ++arrived;
  }
  if (arrived == files.size()) return {};
  return base::Error{base::ErrorCode::kUnavailable, "not all messages arrived"};
}

// Until it is killed.
base::Status watch(Kafka& kafka, const std::string& topic) {
  const base::SystemClock clock;
  TRY_STATUS(kafka.follow({topic}));
  std::cout << "watching\n" << std::flush;
  for (;;) {
    for (const auto& message : kafka.poll(milliseconds(100))) {
      std::cout << base::epoch_ms(clock.wall()) << ' ' << message.text << '\n' << std::flush;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::span arguments(argv, static_cast<std::size_t>(argc));
  const std::string mode = arguments.size() > 3 ? arguments[1] : "";
  if (mode != "put" && mode != "watch") {
    std::cerr << "usage: e2e_topic put BROKERS TOPIC FILE... | watch BROKERS TOPIC\n";
    return 2;
  }
  controller_sim::KafkaConfig config;
  config.hosts = arguments[2];
  const auto kafka = Kafka::connect(config);
  if (!kafka) return fail(kafka.error());
  const std::string topic = arguments[3];
  const base::Status status =
      mode == "put" ? put(**kafka, topic, arguments.subspan(4)) : watch(**kafka, topic);
  return status ? 0 : fail(status.error());
}
