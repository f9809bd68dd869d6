#include "settings.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <string_view>

#include "handle.h"
#include "trust_store.h"

namespace invoker_kafka {
namespace {

struct Renamed {
  std::string_view java;
  std::string_view here;  // empty: done otherwise here, whatever its value
};

constexpr Renamed kRenamedBoth[] = {
    {"metadata.max.age.ms", "topic.metadata.refresh.interval.ms"},
    {"send.buffer.bytes", "socket.send.buffer.bytes"},
    {"receive.buffer.bytes", "socket.receive.buffer.bytes"},
    {"socket.connection.setup.timeout.max.ms", "socket.connection.setup.timeout.ms"},
    {"ssl.truststore.type", ""},  // seen from what is in the file
    {"ssl.keystore.type", ""},
    {"bootstrap.servers", ""},  // KAFKA_HOSTS says it
};
constexpr Renamed kRenamedConsumer[] = {
    {"request.timeout.ms", "socket.timeout.ms"},
    {"fetch.max.wait.ms", "fetch.wait.max.ms"},
    {"max.poll.records", ""},    // each peek() says how many
    {"enable.auto.commit", ""},  // never: what is taken over is committed by hand
    {"group.id", ""},            // the topic
    {"max.partition.fetch.bytes", "fetch.message.max.bytes"},
    {"key.deserializer", ""},
    {"value.deserializer", ""},
};
constexpr Renamed kRenamedProducer[] = {
    {"max.request.size", "message.max.bytes"},
    {"delivery.timeout.ms", "message.timeout.ms"},
    {"request.required.acks", "acks"},  // librdkafka has two names for some
    {"queue.buffering.max.ms", "linger.ms"},
    {"message.send.max.retries", "retries"},
    {"key.serializer", ""},
    {"value.serializer", ""},
};

// What OpenWhisk's reference.conf says, then what our use needs.
Settings common_defaults() {
  return {
      {"ssl.endpoint.identification.algorithm", "none"},
      {"topic.metadata.refresh.interval.ms", "15000"},
      {"socket.nagle.disable", "true"},      // a record goes out when it is there
      {"reconnect.backoff.max.ms", "1000"},  // a broker that is back is soon found
      {"log.connection.close", "false"},
  };
}

Settings consumer_defaults(std::int64_t message_bytes_max) {
  return {
      {"session.timeout.ms", "30000"},
      {"heartbeat.interval.ms", "10000"},
      {"auto.offset.reset", "earliest"},
      {"socket.timeout.ms", "30000"},
      {"max.poll.interval.ms", "1800000"},
      {"fetch.wait.max.ms", "500"},
      {"partition.assignment.strategy", "range"},
      // At most so much waits in memory: records in the broker are as near, and safe.
      {"queued.max.messages.kbytes", "4096"},
      {"fetch.message.max.bytes", std::to_string(message_bytes_max)},
      {"fetch.max.bytes", std::to_string(4 * message_bytes_max)},
  };
}

Settings producer_defaults(std::int64_t message_bytes_max) {
  return {
      {"acks", "1"},
      {"request.timeout.ms", "30000"},
      {"message.timeout.ms", "30000"},
      {"retries", "3"},
      {"retry.backoff.ms", "100"},
      {"linger.ms", "0"},  // an acknowledgement frees a slot: nothing waits for company
      // But what comes while the broker has not answered goes together: half of its work under
      // load.
      {"max.in.flight.requests.per.connection", "1"},
      {"queue.buffering.max.kbytes", "65536"},
      {"message.max.bytes", std::to_string(message_bytes_max)},
  };
}

std::string java_name(std::string name) {
  std::ranges::replace(name, '-', '.');
  return name;
}

// The name here; empty where the setting is to be left out.
template <std::size_t kCount>
std::optional<std::string> renamed(const Renamed (&table)[kCount], std::string_view java) {
  for (const Renamed& entry : table)
    if (entry.java == java) return std::string(entry.here);
  return std::nullopt;
}

std::string value_here(const std::string& name, const std::string& value) {
  if (name == "ssl.endpoint.identification.algorithm" && value.empty()) return "none";
  return value;
}

// The user's settings over the defaults, by names of librdkafka.
template <std::size_t kCount>
void translate(const Settings& given, const Renamed (&table)[kCount], Settings& into) {
  for (const auto& [given_name, value] : given) {
    const std::string java = java_name(given_name);
    const std::string name =
        renamed(table, java).value_or(renamed(kRenamedBoth, java).value_or(java));
    if (!name.empty()) into[name] = value_here(name, value);
  }
}

// Java counts its send buffer in bytes.
base::Status convert_buffer_memory(Settings& producer) {
  const auto found = producer.find("buffer.memory");
  if (found == producer.end()) return {};
  std::int64_t bytes = 0;
  const std::string& text = found->second;
  const auto end = text.data() + text.size();
  if (const auto [rest, error] = std::from_chars(text.data(), end, bytes);
      error != std::errc() || rest != end || bytes < 0)
    return base::Error{base::ErrorCode::kInvalidArgument,
                       "Kafka setting buffer.memory is \"" + text + "\", not a number of bytes"};
  producer["queue.buffering.max.kbytes"] = std::to_string(std::max<std::int64_t>(1, bytes / 1024));
  producer.erase(found);
  return {};
}

bool encrypts(const Settings& settings) {
  const auto found = settings.find("security.protocol");
  if (found == settings.end()) return false;
  std::string protocol = found->second;
  std::ranges::transform(protocol, protocol.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return protocol.ends_with("SSL");
}

// Deployments name stores even where nothing is encrypted, and the files may not be there.
base::Status settle_stores(Settings& settings) {
  if (!encrypts(settings)) {
    std::erase_if(settings, [](const auto& entry) { return entry.first.starts_with("ssl."); });
    return {};
  }
  const std::string location = settings["ssl.truststore.location"];
  const std::string password = settings["ssl.truststore.password"];
  settings.erase("ssl.truststore.location");
  settings.erase("ssl.truststore.password");
  for (const char* name : {"ssl.keystore.location", "ssl.keystore.password"})
    if (settings.contains(name) && settings[name].empty()) settings.erase(name);
  if (location.empty()) return {};
  TRY(settings["ssl.ca.pem"], read_trust_store(location, password));
  return {};
}

// Proves the settings with librdkafka; takes those out that it does not know.
base::Status prove(Settings& settings, std::set<std::string>& unknown) {
  const Conf conf(rd_kafka_conf_new());
  for (auto at = settings.begin(); at != settings.end();) {
    std::array<char, 512> reason{};
    switch (rd_kafka_conf_set(conf.get(), at->first.c_str(), at->second.c_str(), reason.data(),
                              reason.size())) {
      case RD_KAFKA_CONF_UNKNOWN:
        unknown.insert(at->first);
        at = settings.erase(at);
        continue;
      case RD_KAFKA_CONF_INVALID:
        return base::Error{base::ErrorCode::kInvalidArgument,
                           "Kafka setting " + at->first + ": " + reason.data()};
      case RD_KAFKA_CONF_OK:
        break;
    }
    ++at;
  }
  return {};
}

void report_unknown(const Settings& given, std::string_view prefix,
                    const std::set<std::string>& unknown, std::set<std::string>& unused) {
  for (const auto& [name, value] : given)
    if (unknown.contains(java_name(name))) unused.insert(std::string(prefix).append(name));
}

}  // namespace

base::Result<ClientSettings> client_settings(const KafkaConfig& config) {
  if (config.hosts.empty())
    return base::Error{base::ErrorCode::kInvalidArgument,
                       "no Kafka hosts: KAFKA_HOSTS is empty, expected host:port,host:port"};
  ClientSettings result;
  result.consumer = common_defaults();
  result.consumer.merge(consumer_defaults(config.message_bytes_max));
  result.producer = common_defaults();
  result.producer.merge(producer_defaults(config.message_bytes_max));
  translate(config.common, kRenamedConsumer, result.consumer);
  translate(config.common, kRenamedProducer, result.producer);
  translate(config.consumer, kRenamedConsumer, result.consumer);
  translate(config.producer, kRenamedProducer, result.producer);
  TRY_STATUS(convert_buffer_memory(result.producer));
  std::set<std::string> unknown;
  for (Settings* settings : {&result.consumer, &result.producer}) {
    TRY_STATUS(settle_stores(*settings));
    (*settings)["bootstrap.servers"] = config.hosts;
    TRY_STATUS(prove(*settings, unknown));
  }
  report_unknown(config.common, "whisk.kafka.common.", unknown, result.unused);
  report_unknown(config.consumer, "whisk.kafka.consumer.", unknown, result.unused);
  report_unknown(config.producer, "whisk.kafka.producer.", unknown, result.unused);
  return result;
}

}  // namespace invoker_kafka
