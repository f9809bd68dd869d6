#include "controller_sim/options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "base/sizes.h"

namespace controller_sim {
namespace {

using base::Json;
using base::milliseconds;

constexpr const char* kAbout =
    "Plays an OpenWhisk controller against one or more invokers: creates its topics, stores "
    "actions,\n"
    "waits for the invokers to become healthy, sends activations, keeps the books of the sharding\n"
    "balancer and names every breach of the contract with the activation's id.\n"
    "Ends with 0 when there was none, 1 when there was one, 2 when it could not run.";

constexpr const char* kExamples =
    "Examples:\n"
    "  eight callers, warm no-ops, 5000 calls after 200 to warm up:\n"
    "    larder-controller-sim --kafka kafka:9092 --db http://user:pass@couchdb:5984 \\\n"
    "      --action noop --outstanding 8 --requests 5000 --warm-up 200\n"
    "  one action against a hundred, with half the memory that they need:\n"
    "    larder-controller-sim ... --compare --copies 100 --fit 0.5 --outstanding 8\n"
    "  while somebody kills and restarts the invoker (SIGUSR1 to this program after each kill):\n"
    "    larder-controller-sim ... --at-most-once --rate 100 --requests 2000 --forced-after 20s";

// Each binds a text to a value by a reader of ours.
template <typename Value, typename Read>
CLI::Option* read_as(CLI::App& app, const std::string& name, Value& value, Read read,
                     const std::string& help) {
  return app.add_option_function<std::string>(
      name,
      [&value, read, name](const std::string& text) {
        auto parsed = read(text);
        if (!parsed) throw CLI::ValidationError(name, parsed.error().message);
        value = std::move(*parsed);
      },
      help);
}

base::Result<Json> read_object(const std::string& text) {
  TRY(Json json, Json::parse(text));
  if (!json.is_object()) {
    return base::Error{base::ErrorCode::kInvalidArgument, "must be a JSON object"};
  }
  return json;
}

base::Result<std::int64_t> read_mb(const std::string& text) {
  // A bare number is MB, as wsk has it.
  const bool bare = text.find_first_not_of("0123456789") == std::string::npos;
  TRY(const std::int64_t bytes, base::parse_bytes(bare ? text + " MB" : text));
  return bytes >> 20;
}

std::pair<std::string, std::string> key_and_value(const std::string& option,
                                                  const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw CLI::ValidationError(option, "wants KEY=VALUE, not \"" + text + "\"");
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

void add_places(CLI::App& app, SetUpOptions& to) {
  constexpr const char* kGroup = "Where";
  app.add_option("--kafka", to.kafka.hosts, "host:port of the brokers, with commas")
      ->required()
      ->envname("KAFKA_HOSTS")
      ->group(kGroup);
  app.add_option_function<std::vector<std::string>>(
         "--kafka-option",
         [&to](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             to.kafka.options.insert(key_and_value("--kafka-option", text));
           }
         },
         "an option of librdkafka as KEY=VALUE, such as security.protocol=ssl; may be repeated")
      ->group(kGroup);
  app.add_option("--replication", to.kafka.replication_factor, "of topics that are created")
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--topic-prefix", to.topic_prefix, "whisk.kafka.topics.prefix")->group(kGroup);
  app.add_option("--event-prefix", to.event_prefix, "whisk.kafka.topics.user-event.prefix")
      ->group(kGroup);
  app.add_option("--db", to.store.url, "http://user:password@host:port of CouchDB")
      ->required()
      ->group(kGroup);
  app.add_option("--db-actions", to.store.actions, "database of the actions")
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--db-activations", to.store.activations, "database of the records")
      ->capture_default_str()
      ->group(kGroup);
  app.add_flag("--create-databases", to.create_databases, "make the two where they are missing")
      ->group(kGroup);
  app.add_option("--controller", to.controller,
                 "id of this controller; not one that is in use: acknowledgements go to its topic")
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--cluster-size", to.cluster_size,
                 "controllers that share the invokers' memory, this one included")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--invokers", to.invokers, "how many must become healthy before the load starts")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str()
      ->group(kGroup);
  read_as(app, "--healthy-within", to.healthy_within, base::parse_duration,
          "how long to wait for that [2 m]")
      ->group(kGroup);
  app.add_option("--health-kind", to.health_kind, "kind of the health test action")
      ->capture_default_str()
      ->group(kGroup);
  app.add_flag("--keep-actions", to.keep_actions, "leave the actions in the database")
      ->group(kGroup);
}

void add_caller(CLI::App& app, Caller& to) {
  constexpr const char* kGroup = "Caller";
  app.add_option("--namespace", to.namespace_name, "invoking namespace, and home of the actions")
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--subject", to.subject, "who invokes")->capture_default_str()->group(kGroup);
  app.add_option_function<std::string>(
         "--auth",
         [&to](const std::string& text) {
           const std::size_t colon = text.find(':');
           if (colon == std::string::npos) throw CLI::ValidationError("--auth", "wants UUID:KEY");
           to.namespace_uuid = text.substr(0, colon);
           to.key = text.substr(colon + 1);
         },
         "UUID:KEY of the namespace [random]")
      ->group(kGroup);
  read_as(app, "--limits", to.limits, read_object,
          "limits of the identity, as JSON, such as '{\"storeActivations\":false}'")
      ->group(kGroup);
}

void add_actions(CLI::App& app, ActionOptions& to) {
  constexpr const char* kGroup = "Actions";
  app.add_option_function<std::vector<std::string>>(
         "--action",
         [&to](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             auto behaviour = parse_behaviour(text);
             if (!behaviour) throw CLI::ValidationError("--action", behaviour.error().message);
             to.behaviours.push_back(std::move(*behaviour));
           }
         },
         "what an action does; may be repeated, then they are called in turn [noop]:\n"
         "noop, echo, sleep:MS, fail, throw, result:BYTES, log:LINES, hang:LIMIT_MS, oom, exit, "
         "init")
      ->group(kGroup);
  app.add_option("--copies", to.copies, "actions of each of these, called in turn")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--kind", to.kind, "python:... or nodejs:...")
      ->capture_default_str()
      ->group(kGroup);
  read_as(app, "--memory", to.memory_mb, read_mb, "memory limit [256 MB]")->group(kGroup);
  app.add_option("--fit", to.fit,
                 "choose the memory limit so that the first invoker has this share of what all "
                 "actions together need: 1 fits exactly, 0.5 is half")
      ->check(CLI::Range(0.001, 1000.0))
      ->group(kGroup);
  read_as(app, "--memory-min", to.memory_min_mb, read_mb,
          "the deployment's smallest memory limit, also of the health test [128 MB]")
      ->group(kGroup);
  app.add_option("--concurrency", to.concurrency, "activations at once in one container")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--logs", to.logs_mb, "log limit in MB; 0: no logs, one acknowledgement")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str()
      ->group(kGroup);
  read_as(app, "--timeout", to.timeout, base::parse_duration, "time limit [60 s]")->group(kGroup);
  app.add_option("--code-bytes", to.code_bytes,
                 "pad the code to so many bytes; from 16384 on it is stored as an attachment")
      ->group(kGroup);
  read_as(app, "--annotations", to.annotations, read_object,
          "further annotations, as a JSON object")
      ->group(kGroup);
}

void add_load(CLI::App& app, LoadOptions& to) {
  constexpr const char* kGroup = "Load";
  app.add_option("--requests", to.requests, "calls, after warming up; 0: as long as --duration")
      ->capture_default_str()
      ->group(kGroup);
  read_as(app, "--duration", to.duration, base::parse_duration, "end after this time at the latest")
      ->group(kGroup);
  app.add_option("--outstanding", to.outstanding,
                 "closed loop: so many calls are under way; a call ends with its completion")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--rate", to.rate,
                 "open loop instead: so many calls a second, whatever comes back")
      ->check(CLI::Range(0.001, 1e6))
      ->group(kGroup);
  app.add_option("--warm-up", to.warm_up, "calls before, which the figures leave out")
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--blocking", to.blocking_percent, "percent of the calls that wait for a result")
      ->check(CLI::Range(0, 100))
      ->capture_default_str()
      ->group(kGroup);
  app.add_flag("--transid-variants", to.transid_variants,
               "transaction ids of all four shapes in turn (extra logging, parents)")
      ->group(kGroup);
  app.add_flag("--compare", to.compare,
               "the same load on the first action alone before, and a ratio")
      ->group(kGroup);
  app.add_option("--seed", to.seed, "of everything random [from the clock]")->group(kGroup);
}

void add_tolerated(CLI::App& app, std::set<BreachKind>& tolerated) {
  std::string names;
  for (const BreachKind kind : all_breach_kinds()) {
    names += (names.empty() ? "" : ", ") + std::string(name_of(kind));
  }
  app.add_option_function<std::vector<std::string>>(
         "--tolerate",
         [&tolerated](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             const auto kind = breach_kind(text);
             if (!kind) throw CLI::ValidationError("--tolerate", "there is no breach " + text);
             tolerated.insert(*kind);
           }
         },
         "breaches that are counted and do not fail the run, with commas or repeated: " + names)
      ->delimiter(',')
      ->group("Checks");
}

void add_checks(CLI::App& app, CheckOptions& to) {
  constexpr const char* kGroup = "Checks";
  read_as(app, "--forced-after", to.forced_after, base::parse_duration,
          "give an activation up after this [the controller's own: twice the time limit, of at "
          "least 60 s, and 60 s more]")
      ->group(kGroup);
  read_as(app, "--ack-within", to.ack_within, base::parse_duration,
          "a first acknowledgement later than this is a breach")
      ->group(kGroup);
  read_as(app, "--ping-gap", to.ping_gap, base::parse_duration,
          "a longer silence between pings is a breach [3 s]")
      ->group(kGroup);
  app.add_flag("--strict", to.strict,
               "hold the invoker to result, then completion; both in one where --logs is 0")
      ->group(kGroup);
  app.add_flag("--events", to.audit.events, "expect a user event of each activation")
      ->group(kGroup);
  app.add_flag("!--no-records", to.audit.records, "do not look for records in the database")
      ->group(kGroup);
  app.add_option("--records-every", to.audit.every, "look for each so-manieth record only")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str()
      ->group(kGroup);
  read_as(app, "--grace", to.grace, base::parse_duration,
          "how long records and events may come after the last completion [10 s]")
      ->group(kGroup);
  read_as(app, "--payload-max", to.payload_max_bytes, base::parse_bytes,
          "whisk.activation.payload.max: larger results are cut [1 MB]")
      ->group(kGroup);
  add_tolerated(app, to.tolerated);
}

void add_kill_test(CLI::App& app, CheckOptions& to) {
  constexpr const char* kGroup = "Kill tests";
  app.add_flag(
         "--at-most-once", to.at_most_once,
         "somebody kills and restarts the invoker meanwhile: tell what was lost and what ran "
         "twice, and whether the lost are exactly those committed and unfinished. Whoever kills "
         "sends SIGUSR1 to this program, and restarts the invoker when it has printed "
         "\"death noted\"")
      ->group(kGroup);
  app.add_option("--marks-file", to.marks_file, "a file to which each run of an action adds a line")
      ->group(kGroup);
  app.add_option("--marks-path", to.marks_path, "the path of that file as the actions see it")
      ->group(kGroup);
  app.add_option(
         "--marks-listen", to.marks_listen,
         "ADDRESS:PORT of this machine to which each run of an action connects; port 0: any")
      ->group(kGroup);
}

// What follows from other options.
void settle(Options& options) {
  if (options.actions.behaviours.empty()) options.actions.behaviours = {{Deed::kNoop, 0, "noop"}};
  const Json* stored = options.set_up.caller.limits.find("storeActivations");
  options.checks.audit.records_wanted =
      stored == nullptr || !stored->is_bool() || stored->as_bool();
  CheckOptions& checks = options.checks;
  if (checks.marks_path.empty()) checks.marks_path = checks.marks_file;
  if (checks.at_most_once) {
    checks.tolerated.insert({BreachKind::kAckMissing, BreachKind::kAckLate, BreachKind::kPingGap,
                             BreachKind::kRecordMissing, BreachKind::kEventMissing});
  }
}

std::string why_impossible(const Options& options) {
  const LoadOptions& load = options.load;
  if (load.requests == 0 && load.duration.count() == 0) {
    return "--requests 0 wants a --duration";
  }
  const CheckOptions& checks = options.checks;
  if (!checks.marks_file.empty() && !checks.marks_listen.empty()) {
    return "--marks-file and --marks-listen are two ways of the same; give one";
  }
  return {};
}

}  // namespace

std::optional<Options> read_options(int argc, char** argv, int& exit_code) {
  CLI::App app(kAbout, "larder-controller-sim");
  app.footer(kExamples);
  Options options;
  add_places(app, options.set_up);
  add_caller(app, options.set_up.caller);
  add_actions(app, options.actions);
  add_load(app, options.load);
  add_checks(app, options.checks);
  add_kill_test(app, options.checks);
  app.add_option("--json", options.json_path,
                 "write the report as JSON to this file; -: to stdout");
  app.add_flag("--quiet", options.quiet, "no progress on stderr");
  try {
    app.parse(argc, argv);
    settle(options);
    const std::string why = why_impossible(options);
    if (!why.empty()) throw CLI::ValidationError(why);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }
  return options;
}

}  // namespace controller_sim
