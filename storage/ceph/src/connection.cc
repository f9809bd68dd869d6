#include "connection.h"

#include <array>
#include <utility>

#include "rados_error.h"

namespace storage_ceph {
namespace {

std::string text_of(std::chrono::seconds time) { return std::to_string(time.count()); }
std::string text_of(std::chrono::duration<double> time) { return std::to_string(time.count()); }

}  // namespace

base::Status Connection::configure(const CephOptions& options) {
  const std::string user = "client." + (options.user.empty() ? "admin" : options.user);
  if (const int result = cluster_.init2(user.c_str(), "ceph", 0); result < 0) {
    return error_from_rados(result, "becoming " + user);
  }
  const char* file = options.conf_file.empty() ? nullptr : options.conf_file.c_str();
  const int read = cluster_.conf_read_file(file);
  // No file is no fault where the options say all that is needed.
  if (read < 0 && (file != nullptr || options.monitors.empty())) {
    return base::Error{
        base::ErrorCode::kInvalidArgument,
        error_from_rados(read, "reading the configuration " + options.conf_file).message};
  }
  // The client asks for a new map of the OSDs when a request has waited for objecter_timeout. Were
  // requests given up before that, one that waits for a placement group which has moved meanwhile
  // would keep to the old place, and so would all that follow. These are Ceph's defaults for 30 s.
  const std::chrono::duration<double> request_timeout = options.request_timeout;
  const std::array<std::pair<const char*, std::string>, 8> settings = {{
      {"mon_host", options.monitors},
      {"keyring", options.keyring_file},
      {"key", options.key},
      {"rados_osd_op_timeout", text_of(options.request_timeout)},
      {"objecter_timeout", text_of(request_timeout / 3)},
      {"objecter_tick_interval", text_of(request_timeout / 6)},
      {"rados_mon_op_timeout", text_of(options.monitor_timeout)},
      {"client_mount_timeout", text_of(options.connect_timeout)},
  }};
  for (const auto& [name, value] : settings) {
    if (value.empty()) continue;
    if (const int result = cluster_.conf_set(name, value.c_str()); result < 0) {
      return error_from_rados(result, std::string("setting ") + name);
    }
  }
  return {};
}

base::Status Connection::open_pool(const std::string& name, librados::IoCtx& pool) {
  const int result = cluster_.ioctx_create(name.c_str(), pool);
  if (result < 0) return error_from_rados(result, "opening the pool " + name);
  return {};
}

base::Result<std::unique_ptr<Connection>> Connection::open(const CephOptions& options) {
  auto connection = std::make_unique<Connection>();
  TRY_STATUS(connection->configure(options));
  if (const int result = connection->cluster_.connect(); result < 0) {
    return error_from_rados(result, "connecting to the monitors");
  }
  connection->metadata_name_ = options.metadata_pool;
  connection->data_name_ = options.data_pool;
  TRY_STATUS(connection->open_pool(options.metadata_pool, connection->metadata_));
  TRY_STATUS(connection->open_pool(options.data_pool, connection->data_));
  return connection;
}

librados::IoCtx Connection::pool(storage::Pool pool, const std::string& space) const {
  librados::IoCtx io;
  io.dup(pool == storage::Pool::kMetadata ? metadata_ : data_);
  io.set_namespace(space);
  return io;
}

}  // namespace storage_ceph
