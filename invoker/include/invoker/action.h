// What is invoked: an action as the entity store holds it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"

namespace invoker {

// The limits of one action. Units: OpenWhisk's documents say ms and MiB; here bytes and durations.
struct ActionLimits {
  std::chrono::milliseconds timeout{60'000};
  std::int64_t memory_bytes = 256LL << 20;
  std::int64_t logs_bytes = 10LL << 20;
  int concurrency = 1;           // activations at once in one container
  std::optional<int> instances;  // containers at once of this action

  bool operator==(const ActionLimits&) const = default;
};

// What runs. `code` is what the runtime gets: source text, or standard base64 where `binary`.
struct Exec {
  std::string kind;   // resolved: "python:3", "nodejs:20", "blackbox"
  std::string image;  // blackbox only
  std::optional<std::string> code;
  std::optional<std::string> main;
  bool binary = false;
};

struct Action {
  std::string path;  // "guest" or "guest/package"
  std::string name;
  std::string version;   // "0.0.1"
  std::string revision;  // of the document; changes with every update
  Exec exec;
  ActionLimits limits;
  base::Json parameters =
      base::Json::array();  // [{"key","value","init"?}], merged by the controller
  base::Json annotations = base::Json::array();  // [{"key","value"}]

  std::string full_name() const { return path + "/" + name; }
  // The value of annotation `key`; null pointer when there is none.
  const base::Json* annotation(std::string_view key) const;
};

// {"timeout":ms,"memory":MB,"logs":MB,"concurrency":n,"instances"?:n}
base::Json to_json(const ActionLimits& limits);

}  // namespace invoker
