// What a broker says of a topic, asked apart from the code under test.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace kafka_testing {

struct TopicFacts {
  int partitions = 0;
  std::map<std::string, std::string> settings;
};

// Every record of its first partition.
std::vector<std::string> records_of(const std::string& hosts, const std::string& name);

TopicFacts read_topic(const std::string& hosts, const std::string& name);

}  // namespace kafka_testing
