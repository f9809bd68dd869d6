// A request to run an action, as it travels from a controller to an invoker.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/log.h"
#include "base/result.h"

namespace invoker {

// Who invokes. `limits` and `authkey` stay JSON: every member is optional, unknown ones are kept.
struct Identity {
  std::string subject;
  std::string namespace_name;
  std::string namespace_uuid;
  base::Json authkey = base::Json::object();  // usually {"api_key": "uuid:secret"}
  std::vector<std::string> rights;
  base::Json limits = base::Json::object();
};

// Where a request began. `json` is the array as it came and is echoed untouched.
struct TransactionId {
  std::string id;
  std::int64_t start_ms = 0;  // epoch ms
  base::Json json;
};

// One activation of another invoker's, here.
using GuestId = std::uint64_t;

// The invoker whose topic an activation came from, where another one runs it: the controller has
// charged the owner, and is told in its name.
struct ActivationOwner {
  std::string source;   // "invoker3"
  base::Json instance;  // its InvokerInstanceId, as it writes it
  GuestId guest = 0;    // what the activation is called here
};

struct ActivationMessage {
  TransactionId transid;
  std::string action_path;  // "guest/package"
  std::string action_name;
  std::optional<std::string> action_version;
  std::optional<std::string> action_binding;  // path of the binding it was invoked through
  std::optional<std::string> revision;        // nothing: take the latest
  Identity user;
  std::string activation_id;    // 32 lower-case hex digits
  std::string root_controller;  // the acknowledgement goes to its topic
  bool blocking = false;
  std::optional<base::Json> content;   // object or array
  std::vector<std::string> init_args;  // members of content that go to /init's environment
  std::map<std::string, std::string> locked_args;
  std::optional<std::string> cause;  // the enclosing sequence's activation
  base::Json trace_context = base::Json::object();

  // Not of the message itself, but of how it came.
  std::shared_ptr<const ActivationOwner> owner;  // null: this invoker
  std::shared_ptr<const std::string> bytes;      // as they came, where it may have to be passed on
  bool place_given_back = false;                 // the feed counts it as ended already

  std::string action_id() const { return action_path + "/" + action_name; }
};

// The log in the name of the transaction that asked for the activation.
inline base::Logger log_of(const base::Logger& log, const ActivationMessage& message) {
  return log.for_transaction(message.transid.id);
}

}  // namespace invoker
