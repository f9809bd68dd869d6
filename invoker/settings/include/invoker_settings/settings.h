// The settings of `larder-invoker`: from the environment that OpenWhisk's invoker image gets and
// the command line to typed values.
//
// Built-in defaults < OPENWHISK_CONFIG (HOCON) < CONFIG_* variables < -D options < command line.
// No I/O here: environment and arguments are handed in. Values, so no threads of their own.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "invoker/activation_store.h"
#include "invoker/container_pool.h"
#include "invoker/dispatch_limits.h"
#include "invoker/runtimes.h"

namespace invoker_settings {

using std::chrono::milliseconds;

struct IdentitySettings {
  std::optional<int> id;  // none: unique_name is there, and ZooKeeper gives the id
  std::optional<std::string> unique_name;
  std::optional<std::string> displayed_name;
  std::optional<int> overwrite_id;
  std::string zookeeper_hosts;  // "host:2181,host:2181", not empty where id is missing
  std::vector<std::string> tags;
  std::vector<std::string> dedicated_namespaces;
};

// Properties are named as the Java client names them: "session.timeout.ms".
struct KafkaSettings {
  std::string hosts;              // "host:9092,host:9093"
  std::string topic_prefix;       // of invokerN, completedC, health
  std::string user_event_prefix;  // of events
  int replication_factor = 1;
  int partitions = 1;                           // of invokerN, where it is made
  std::map<std::string, std::string> topic;     // "retention.ms" and so on, of invokerN
  std::map<std::string, std::string> common;    // for every client
  std::map<std::string, std::string> consumer;  // on top of common
  std::map<std::string, std::string> producer;  // on top of common
  std::int64_t message_bytes_max = 1'054'644;   // a whole message: payload and what is around
};

struct CouchSettings {
  std::string protocol;  // "http" or "https"
  std::string host;
  std::uint16_t port = 5984;
  std::string username;
  std::string password;
  std::string actions;  // names of databases
  std::string activations;
  std::string subjects;
};

// Each of `docker run`'s options that an operator may set.
struct ContainerArgs {
  std::string network;
  std::vector<std::string> dns_servers;
  std::vector<std::string> dns_search;
  std::vector<std::string> dns_options;
  std::vector<std::string> extra_env;  // "NAME=value"; "NAME" alone: empty value
  std::map<std::string, std::vector<std::string>> extra_args;  // replaces the built-in of that name
};

// Nothing: no limit.
struct DockerTimeouts {
  std::optional<milliseconds> run, remove, pull, list, inspect, pause, unpause, version;
};

enum class ContainerKind { kDocker, kSandbox };
enum class LogStore { kRecord, kOutside };  // logs go into the record, or nobody collects them here

struct ContainerSettings {
  ContainerKind kind = ContainerKind::kDocker;
  LogStore logs = LogStore::kRecord;
  ContainerArgs args;
  std::string docker_socket;
  bool python_stem = true;    // sandboxes with python are forks of one interpreter that is kept
  std::string docker_folder;  // where Docker's containers/ is seen from here: logs are read there
  int parallel_runs = 10;     // `docker run` at once; 0: any number
  DockerTimeouts timeouts;
  std::string runtimes_registry;     // with '/' at its end, or empty
  std::string user_images_registry;  // the same
  bool bypass_pull_for_local_images = false;
  std::string local_image_prefix;
  std::optional<double> user_cpus;
};

// What becomes of actions with volumes, and of the invoker, without a larder-storaged.
enum class VolumesWanted {
  kAuto,      // the actions are refused
  kRequired,  // and the invoker is not ready
  kNone,      // none is looked for
};

struct VolumeSettings {
  VolumesWanted wanted = VolumesWanted::kAuto;
  std::string socket;
  milliseconds patience{10'000};
};

struct LimitSettings {
  invoker::LimitRanges system;
  invoker::LimitRanges namespace_default;  // for callers whose identity names no limit of its own
  std::int64_t payload_bytes_max = 1 << 20;
  std::int64_t truncation_bytes = 1 << 20;
  std::int64_t namespace_payload_bytes_max = 1 << 20;
  std::int64_t namespace_truncation_bytes = 1 << 20;
};

struct RecordSettings {
  invoker::StorePolicy policy;
  bool log_unstored = false;
  std::int64_t memory_bytes = 64LL << 20;  // of records that wait for the database in memory
  std::string folder;                      // for those that wait on disk
  std::int64_t folder_bytes = 1LL << 30;   // of them
};

// Keys as they are used, not as they are written. Empty: none.
struct ParameterStorageSettings {
  std::string aes_128;  // 16 bytes
  std::string aes_256;  // 32 bytes
};

struct ServerSettings {
  std::string address;
  std::uint16_t port = 8080;
  bool https = false;
  std::string keystore_path;
  std::string keystore_password;
  bool client_certificate = false;  // refuse clients without one
  std::string username;
  std::string password;
  std::string transaction_header;  // "X-Request-ID"
};

struct MetricsSettings {
  bool stock_names = false;  // OpenWhisk's names on /metrics, beside ours
  bool stock_tags = false;   // with labels in place of parts of those names
  bool log_markers = true;   // a log line for each step of an activation
};

struct HandoffPeer {
  int invoker = 0;
  std::string host;
  std::uint16_t port = 0;
};

// Activations that another invoker runs. Off where there is neither key nor certificate.
struct HandoffSettings {
  std::string key;                                  // that invokers share; empty: certificates
  std::string certificate, private_key, authority;  // files
  std::string address;
  std::uint16_t port = 0;
  std::vector<HandoffPeer> peers;
  bool takes_guests = true;
  std::int64_t reserve_bytes = 0;  // of the pool, for guests
  milliseconds budget{5};
  int drill_percent = 0;

  bool on() const { return !key.empty() || !certificate.empty(); }
};

struct InvokerSettings {
  IdentitySettings identity;
  KafkaSettings kafka;
  CouchSettings couch;
  invoker::PoolConfig pool;  // stem cells included
  double peek_factor = 0.5;  // whisk.container-pool.concurrent-peek-factor
  ContainerSettings containers;
  VolumeSettings volumes;
  LimitSettings limits;
  RecordSettings records;
  invoker::Runtimes runtimes;
  std::string api_host;  // __OW_API_HOST, normalised: "https://172.17.0.1"
  bool user_events = false;
  milliseconds blacklist_interval{300'000};
  ParameterStorageSettings parameter_storage;
  ServerSettings server;
  HandoffSettings handoff;
  MetricsSettings metrics;
  base::LogConfig log;
  std::string data_folder;             // for what must outlive a restart
  milliseconds stop_patience{50'000};  // for running activations, after SIGTERM
};

enum class Task { kRun, kPrintSettings, kHelp, kVersion };

struct Start {
  Task task = Task::kRun;
  InvokerSettings settings;          // filled unless the task is kHelp or kVersion
  std::vector<std::string> notices;  // to be logged once: what was set and is not used, or unknown
  std::string description;           // of every setting with its origin; secrets are hidden
  std::string fault;  // kPrintSettings only: the error that another task would have failed with
};

// `environment`: "NAME=value" each; `arguments`: without the program's name.
//
// Errors: kInvalidArgument with one line that names the setting, its value, where that came from
// and what is allowed; kUnsupported where the environment asks for what is not built (another mode,
// another database). Never the text of a secret.
base::Result<Start> settings_from(std::span<const std::string> environment,
                                  std::span<const std::string> arguments);

// What --help prints.
std::string help_text();

}  // namespace invoker_settings
