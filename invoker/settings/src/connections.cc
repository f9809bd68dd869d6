// Who this is, and what it talks to: Kafka, ZooKeeper, CouchDB, its own HTTP server.
#include <algorithm>

#include "base/base64.h"
#include "base/text.h"
#include "sections.h"

namespace invoker_settings {
namespace {

base::Error bad(const std::string& what) { return {base::ErrorCode::kInvalidArgument, what}; }

base::Status check_zookeeper(const std::string& hosts) {
  if (!hosts.empty() && !hosts.starts_with(':') && !hosts.ends_with(':')) return {};
  return bad("--uniqueName without --id needs ZOOKEEPER_HOSTS, and that is " +
             (hosts.empty() ? std::string("not set") : base::quoted(hosts)));
}

// Ansible hands over the names of stores even where nothing is encrypted, and there are no files.
void drop_unused_stores(std::map<std::string, std::string>& properties) {
  const auto protocol = properties.find("security.protocol");
  if (protocol != properties.end() && protocol->second.find("SSL") != std::string::npos) return;
  std::erase_if(properties, [](const auto& one) { return one.first.starts_with("ssl."); });
}

base::Status read_key(const Reader& reader, std::string_view path, std::size_t size,
                      std::string& key) {
  TRY(const auto text, reader.optional_text(path));
  if (!text) return {};
  const auto bytes = base::decode_base64(base::trimmed(*text));
  if (!bytes || bytes->size() != size) {
    return reader.wrong(path, "is not the base64 of " + std::to_string(size) + " bytes");
  }
  key = *bytes;
  return {};
}

}  // namespace

base::Status read_identity(const Reader& reader, IdentitySettings& identity) {
  TRY(identity.zookeeper_hosts, reader.text("ZOOKEEPER_HOSTS"));
  TRY(identity.tags, reader.list("whisk.invoker.resource.tags"));
  TRY(identity.dedicated_namespaces, reader.list("whisk.invoker.dedicated.namespaces"));
  if (identity.id) return {};
  if (!identity.unique_name) return bad("command line: give --id N or --uniqueName NAME");
  return check_zookeeper(identity.zookeeper_hosts);
}

base::Status read_kafka(const Reader& reader, KafkaSettings& kafka) {
  TRY(kafka.hosts, reader.text("KAFKA_HOSTS"));
  TRY(kafka.topic_prefix, reader.text("whisk.kafka.topics.prefix"));
  TRY(kafka.user_event_prefix, reader.text("whisk.kafka.topics.user-event.prefix"));
  TRY(kafka.replication_factor, reader.small("whisk.kafka.replication-factor", 1, 1000));
  TRY(kafka.topic, reader.properties("whisk.kafka.topics.invoker"));
  if (kafka.topic.erase("partitions") > 0) {
    TRY(kafka.partitions, reader.small("whisk.kafka.topics.invoker.partitions", 1, 100'000));
  }
  TRY(kafka.common, reader.properties("whisk.kafka.common"));
  TRY(kafka.consumer, reader.properties("whisk.kafka.consumer"));
  TRY(kafka.producer, reader.properties("whisk.kafka.producer"));
  drop_unused_stores(kafka.common);
  TRY(const auto payload, reader.bytes("whisk.activation.payload.max", 1));
  TRY(const auto around, reader.whole("whisk.activation.serdes-overhead", 0, 1 << 30));
  kafka.message_bytes_max = payload + around;
  kafka.topic.insert_or_assign("max.message.bytes", std::to_string(kafka.message_bytes_max));
  return {};
}

base::Status read_couch(const Reader& reader, CouchSettings& couch) {
  TRY_STATUS(reader.choice("whisk.couchdb.provider", {"CouchDB", "Cloudant"}));
  TRY(const std::size_t https, reader.choice("whisk.couchdb.protocol", {"http", "https"}));
  couch.protocol = https == 1 ? "https" : "http";
  TRY(couch.host, reader.text("whisk.couchdb.host"));
  TRY(const int port, reader.small("whisk.couchdb.port", 1, 65'535));
  couch.port = static_cast<std::uint16_t>(port);
  TRY(couch.username, reader.text("whisk.couchdb.username"));
  TRY(couch.password, reader.text("whisk.couchdb.password"));
  TRY(couch.actions, reader.text("whisk.couchdb.databases.WhiskEntity"));
  TRY(couch.activations, reader.text("whisk.couchdb.databases.WhiskActivation"));
  TRY(couch.subjects, reader.text("whisk.couchdb.databases.WhiskAuth"));
  return {};
}

base::Status read_parameter_storage(const Reader& reader, ParameterStorageSettings& storage) {
  TRY_STATUS(read_key(reader, "whisk.parameter-storage.aes-128", 16, storage.aes_128));
  TRY_STATUS(read_key(reader, "whisk.parameter-storage.aes-256", 32, storage.aes_256));
  return {};
}

base::Status read_server(const Reader& reader, ServerSettings& server) {
  TRY(server.address, reader.text("larder.address"));
  TRY(const int port, reader.small("PORT", 0, 65'535));
  server.port = static_cast<std::uint16_t>(port);
  TRY(server.username, reader.text("whisk.invoker.username"));
  TRY(server.password, reader.text("whisk.invoker.password"));
  TRY(server.transaction_header, reader.text("whisk.transactions.header"));
  TRY(const std::size_t protocol, reader.choice("whisk.invoker.protocol", {"http", "https"}));
  server.https = protocol == 1;
  if (!server.https) return {};
  TRY_STATUS(reader.choice("whisk.invoker.https.keystore-flavor", {"PKCS12", "pkcs12"}));
  TRY(server.keystore_path, reader.text("whisk.invoker.https.keystore-path"));
  if (server.keystore_path.empty()) {
    return bad("whisk.invoker.protocol is https and whisk.invoker.https.keystore-path is not set");
  }
  TRY(server.keystore_password, reader.text("whisk.invoker.https.keystore-password"));
  TRY(server.client_certificate, reader.flag("whisk.invoker.https.client-auth"));
  return {};
}

}  // namespace invoker_settings
