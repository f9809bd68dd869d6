#include "identity.h"

#include "invoker_zookeeper/id_assignment.h"

namespace program {
namespace {

// For one try; whoever asks tries again.
constexpr std::chrono::milliseconds kPatience{3'000};

}  // namespace

base::Result<int> find_id(const invoker_settings::IdentitySettings& identity) {
  if (identity.id) return *identity.id;
  invoker_zookeeper::IdRequest request;
  request.hosts = identity.zookeeper_hosts;
  request.unique_name = identity.unique_name.value_or("");
  request.overwrite_id = identity.overwrite_id;
  request.time = kPatience;
  const auto id = invoker_zookeeper::assign_id(request);
  if (id.ok()) return *id;
  // Others that got theirs at the same time were faster, time after time.
  const bool outrun = id.error().code == base::ErrorCode::kConflict;
  return base::Error{outrun ? base::ErrorCode::kUnavailable : id.error().code, id.error().message};
}

}  // namespace program
