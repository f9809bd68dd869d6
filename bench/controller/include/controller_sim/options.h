// What a run is to do, as options of the command line say it.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller_sim/audit.h"
#include "controller_sim/books.h"
#include "controller_sim/kafka.h"
#include "controller_sim/store.h"

namespace controller_sim {

struct SetUpOptions {
  KafkaConfig kafka;
  std::string topic_prefix;
  std::string event_prefix;
  StoreConfig store;
  bool create_databases = false;
  std::string controller = "simulator";
  int cluster_size = 1;
  Caller caller;
  std::string health_kind = "nodejs:default";
  int invokers = 1;
  base::milliseconds healthy_within{120'000};
  bool keep_actions = false;
};

struct ActionOptions {
  std::vector<Behaviour> behaviours;
  int copies = 1;
  std::string kind = "python:3";
  std::int64_t memory_mb = 256;
  std::int64_t memory_min_mb = 128;
  double fit =
      0;  // the invoker's memory is this share of what all actions need; 0: as memory_mb says
  int concurrency = 1;
  int logs_mb = 10;
  base::milliseconds timeout{60'000};
  std::size_t code_bytes = 0;
  base::Json annotations = base::Json::object();
};

struct LoadOptions {
  std::uint64_t requests = 100;  // 0: until the time is over
  base::milliseconds duration{0};
  int outstanding = 1;
  double rate = 0;  // calls a second; 0: a closed loop
  std::uint64_t warm_up = 0;
  int blocking_percent = 100;
  bool transid_variants = false;
  bool compare = false;  // the same load on one action first
  std::uint64_t seed = 0;
};

struct CheckOptions {
  std::optional<base::milliseconds> forced_after;
  std::optional<base::milliseconds> ack_within;
  base::milliseconds ping_gap{3'000};
  bool strict = false;
  AuditConfig audit;
  base::milliseconds grace{10'000};
  std::int64_t payload_max_bytes = 1 << 20;
  std::set<BreachKind> tolerated;
  bool at_most_once = false;
  std::string marks_file;    // here
  std::string marks_path;    // as the actions see it
  std::string marks_listen;  // "172.17.0.1:0": where to listen, and what actions connect to
};

struct Options {
  SetUpOptions set_up;
  ActionOptions actions;
  LoadOptions load;
  CheckOptions checks;
  std::string json_path;  // "-": standard output
  bool quiet = false;
};

// Reads the command line. Nothing: `exit_code` says how the program ends, and help or the error is
// printed.
std::optional<Options> read_options(int argc, char** argv, int& exit_code);

}  // namespace controller_sim
