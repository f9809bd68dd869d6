#include "invoker_handoff/terms.h"

namespace invoker_handoff {

std::string_view name_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNoRoom:
      return "no_room";
    case Refusal::kTooMany:
      return "too_many";
    case Refusal::kStopping:
      return "stopping";
    case Refusal::kLapsed:
      return "lapsed";
    case Refusal::kTakenBack:
      return "taken_back";
    case Refusal::kTooLate:
      return "too_late";
    case Refusal::kCannotBegin:
      return "cannot_begin";
    case Refusal::kNotWhatWasSaid:
      return "not_what_was_said";
  }
  return "unknown";
}

std::string_view name_of(Return reason) {
  switch (reason) {
    case Return::kNotOffered:
      return "not_offered";
    case Return::kRefused:
      return "refused";
    case Return::kLate:
      return "late";
    case Return::kLinkLost:
      return "link_lost";
    case Return::kNotStarted:
      return "not_started";
  }
  return "unknown";
}

}  // namespace invoker_handoff
