#include "invoker/acknowledgement.h"

namespace invoker {
namespace {

// The system is at fault: what controllers count against an invoker's health.
bool is_system_error(StatusCode code) { return code == StatusCode::kWhiskError; }

base::Json response_of(const Activation& activation, bool shrunk) {
  if (shrunk) return activation.activation_id;
  base::Json document = to_document(activation);
  document.set("logs", base::Json::array());
  return document;
}

}  // namespace

AckKind final_ack(bool blocking, Progress progress) {
  switch (progress) {
    case Progress::kNotRun:
      return AckKind::kCombined;
    case Progress::kResultTold:
      return AckKind::kCompletion;
    case Progress::kRunOnly:
      break;
  }
  return blocking ? AckKind::kCombined : AckKind::kCompletion;
}

std::string result_ack(const ActivationMessage& message, const Activation& activation,
                       bool shrunk) {
  return base::Json::object(
             {{"transid", message.transid.json}, {"response", response_of(activation, shrunk)}})
      .to_string();
}

std::string completion_ack(const ActivationMessage& message, StatusCode code,
                           const base::Json& instance) {
  return base::Json::object({{"transid", message.transid.json},
                             {"activationId", message.activation_id},
                             {"isSystemError", is_system_error(code)},
                             {"instance", instance}})
      .to_string();
}

std::string combined_ack(const ActivationMessage& message, const Activation& activation,
                         const base::Json& instance, bool shrunk) {
  return base::Json::object({{"transid", message.transid.json},
                             {"response", response_of(activation, shrunk)},
                             {"isSystemError", is_system_error(activation.response.code)},
                             {"instance", instance}})
      .to_string();
}

}  // namespace invoker
