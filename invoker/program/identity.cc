#include "identity.h"

#include "invoker_zookeeper/id_assignment.h"

namespace program {

base::Result<int> find_id(const invoker_settings::IdentitySettings& identity,
                          const base::Logger& log) {
  if (identity.id) return *identity.id;
  invoker_zookeeper::IdRequest request;
  request.hosts = identity.zookeeper_hosts;
  request.unique_name = identity.unique_name.value_or("");
  request.overwrite_id = identity.overwrite_id;
  TRY(const int id, invoker_zookeeper::assign_id(request));
  log.info("Invoker", "ZooKeeper gave id " + std::to_string(id) + " to " + request.unique_name);
  return id;
}

}  // namespace program
