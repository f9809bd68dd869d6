// The inside of the control plane: what every route may use, and the routes themselves, one file
// for each collection.
#pragma once

#include <atomic>
#include <optional>

#include "call.h"
#include "failure.h"
#include "invocations.h"
#include "standalone/control_plane.h"
#include "standalone/throttle.h"

namespace standalone {

class Plane {
 public:
  Plane(ControlPlaneConfig plane_config, const ControlPlaneOutside& plane_outside)
      : config(std::move(plane_config)), outside(plane_outside), invocations(outside.timer) {}

  const ControlPlaneConfig config;
  const ControlPlaneOutside outside;
  Throttle throttle;
  Invocations invocations;
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> invoked{0};
  std::atomic<std::uint64_t> completions{0};
  std::atomic<std::uint64_t> records_lost{0};
};

// A route's answer. Nothing: the responder was taken along, and answers later.
using Reply = Answer<std::optional<Response>>;

// router.cc
Reply route(Plane& plane, Call& call);
// info.cc: everything that needs no authentication. Nothing as outer value: no such route.
std::optional<Reply> route_public(Plane& plane, Call& call);
// actions.cc
Reply route_actions(Plane& plane, Call& call, const std::string& namespace_name);
Reply list_entities(Plane& plane, Call& call, const EntityQuery& query);
Reply get_action(Plane& plane, Call& call, const Resource& resource);
Reply delete_action(Plane& plane, Call& call, const Resource& resource);
base::Json action_view(Entity entity);
// put_action.cc
Reply put_action(Plane& plane, Call& call, const Resource& resource);
// invoke.cc
Reply invoke_action(Plane& plane, Call& call, const Resource& resource);
// outcomes.cc
void complete_activation(Plane& plane, const invoker::ActivationMessage& message,
                         const invoker::Activation& activation);
// activations.cc
Reply route_activations(Plane& plane, Call& call, const std::string& namespace_name);
base::Json activation_view(base::Json document);
// collections.cc: packages, triggers, rules
Reply route_collection(Plane& plane, Call& call, Collection collection,
                       const std::string& namespace_name);

// Refusals that several routes share.
Failure no_route();
Failure wrong_method(const std::string& allowed);
Failure not_yours(const std::string& resource);
Failure not_built(const std::string& what);
// What a failure of a store means to the client.
Failure failure_of(const base::Error& error);
// The user may use the package that `resource` is in, and it exists.
std::optional<Failure> check_package(Plane& plane, const Call& call, const Resource& resource);

}  // namespace standalone
