#include "invoker/message_reader.h"

#include <utility>

#include "base/text.h"
#include "base/utf8.h"
#include "invoker/make_activation.h"
#include "invoker/message_json.h"

namespace invoker {
namespace {

constexpr std::size_t kIdShownMax = 64;
constexpr std::string_view kBlocked = "The action was not invoked due to a blacklisted namespace.";

bool is_container_order(const base::Json& json) {
  return json.is_object() && json.find("whiskActionMetaData") != nullptr;
}

// As much as tells operators which call it was.
std::string id_in(const base::Json& json) {
  const base::Json* id = json.is_object() ? json.find("activationId") : nullptr;
  if (id == nullptr || !id->is_string()) return {};
  return "activation " + base::quoted(id->as_string().substr(0, kIdShownMax)) + ": ";
}

}  // namespace

void MessageReader::read(const std::string& bytes) {
  // Bytes that are no UTF-8 are replaced, as OpenWhisk's invoker does it.
  auto json = base::Json::parse(base::to_utf8(bytes));
  if (!json) return drop(json.error());
  if (is_container_order(*json)) return drop_order();
  const std::string id = id_in(*json);
  auto message = read_activation_message(std::move(*json), outside_.clock.wall());
  if (!message) return drop({message.error().code, id + message.error().message});
  if (outside_.keeps_bytes) message->bytes = std::make_shared<const std::string>(bytes);
  begin(std::move(*message));
}

void MessageReader::drop(const base::Error& why) {
  ++unreadable_;
  outside_.log.error("MessageReader", "a message cannot be read and is dropped: " + why.message);
  outside_.processed();
}

void MessageReader::drop_order() {
  ++unreadable_;
  if (!order_seen_.exchange(true)) {
    outside_.log.error("MessageReader",
                       "the topic carries container orders of OpenWhisk's new scheduler (FPC), "
                       "which this invoker cannot follow: have the controller use "
                       "ShardingContainerPoolBalancer, or run OpenWhisk's own invoker");
  }
  outside_.processed();
}

// Of a deque the elements stay where they are while others come and go at its ends.
bool MessageReader::is_known(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (set_.contains(id)) return true;
  if (ids_.size() == kRememberedMax) {
    set_.erase(ids_.front());
    ids_.pop_front();
  }
  set_.insert(ids_.emplace_back(id));
  return false;
}

void MessageReader::begin(ActivationMessage message) {
  if (is_known(message.activation_id)) {
    ++repeated_;
    log_of(outside_.log, message)
        .warn("MessageReader",
              "activation " + message.activation_id + " came a second time: it is run once");
    return outside_.processed();
  }
  if (outside_.is_blocked(message.user.namespace_name)) {
    const auto now_ms = base::epoch_ms(outside_.clock.wall());
    const auto refusal = Response::error(StatusCode::kApplicationError, std::string(kBlocked));
    return outside_.acknowledger.refuse(message, fallback_activation(message, refusal, now_ms));
  }
  const std::string id = message.activation_id;
  const base::Logger log = log_of(outside_.log, message);
  if (const auto status = outside_.invoker.submit(std::move(message)); !status.ok()) {
    // The reader is stopped before the invoker, so this is a fault of ours; the controller finds
    // out by its own patience.
    log.error("MessageReader", "activation " + id + ": " + status.error().message);
    outside_.processed();
  }
}

}  // namespace invoker
