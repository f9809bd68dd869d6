// What a broker says of a topic, asked apart from the code under test.
#pragma once

#include <map>
#include <string>

namespace kafka_testing {

struct TopicFacts {
  int partitions = 0;
  std::map<std::string, std::string> settings;
};

TopicFacts read_topic(const std::string& hosts, const std::string& name);

}  // namespace kafka_testing
