#include "invoker_volumes/storaged_volumes.h"

#include <utility>

#include "invoker_volumes/volume_stager.h"
#include "storage_control/client.h"

namespace invoker_volumes {
namespace {

using base::Error;
using base::ErrorCode;

}  // namespace

StoragedVolumes::StoragedVolumes(StoragedOptions options, const base::Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      client_(storage_control::ControlClient::begin(
          {options_.socket, options_.client, options_.patience})),
      stager_(std::make_unique<VolumeStager>(*client_, options_.owner)) {}

StoragedVolumes::~StoragedVolumes() = default;

base::Status StoragedVolumes::ready() const {
  const storage_control::ControlState state = client_->state();
  if (state.connected || clock_.now() - state.since < options_.patience) return {};
  const std::string where = options_.socket.native() + " (" + state.error + ")";
  if (state.met) {
    return Error{ErrorCode::kUnavailable,
                 "The volumes of this node are away: larder-storaged has gone from " + where};
  }
  return Error{ErrorCode::kUnsupported,
               "annotation 'volumes': this node has no volumes: no larder-storaged answers at " +
                   where + "; its operator can start one there, or say where it is"};
}

base::Result<std::unique_ptr<invoker::StagedFiles>> StoragedVolumes::stage(
    const invoker::StageRequest& request) {
  TRY_STATUS(ready());
  return stager_->stage(request);
}

invoker::Health StoragedVolumes::health() const {
  const storage_control::ControlState state = client_->state();
  const auto ago = std::chrono::duration_cast<std::chrono::nanoseconds>(clock_.now() - state.since);
  return {state.connected, state.error, clock_.wall() - ago};
}

}  // namespace invoker_volumes
