#include "handle.h"

#include <syslog.h>

#include <array>
#include <string>
#include <string_view>

#include "base/check.h"

namespace invoker_kafka {
namespace {

void on_log(const rd_kafka_t* handle, int level, const char* facility, const char* text) {
  const auto* listener = static_cast<const Listener*>(rd_kafka_opaque(handle));
  // What it says of a setting that only the other kind of client takes is known.
  const bool idle_words = std::string_view(facility) == "CONFWARN";
  if (level <= LOG_ERR) {
    listener->log().warn("Kafka", text);
  } else if (level <= LOG_WARNING && !idle_words) {
    listener->log().info("Kafka", text);
  } else {
    listener->log().debug("Kafka", text);
  }
}

void on_error(rd_kafka_t*, int error, const char* reason, void* opaque) {
  static_cast<Listener*>(opaque)->failed(static_cast<rd_kafka_resp_err_t>(error), reason);
}

}  // namespace

Conf make_conf(const Settings& settings, Listener& listener) {
  Conf conf(rd_kafka_conf_new());
  for (const auto& [name, value] : settings)
    CHECK(rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), nullptr, 0) ==
          RD_KAFKA_CONF_OK);
  rd_kafka_conf_set_opaque(conf.get(), &listener);
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  return conf;
}

base::Result<Handle> make_handle(rd_kafka_type_t type, Conf conf) {
  std::array<char, 512> reason{};
  Handle handle(rd_kafka_new(type, conf.get(), reason.data(), reason.size()));
  if (!handle) {
    const auto code = rd_kafka_last_error() == RD_KAFKA_RESP_ERR__INVALID_ARG
                          ? base::ErrorCode::kInvalidArgument
                          : base::ErrorCode::kInternal;
    return base::Error{code, std::string("no Kafka client: ") + reason.data()};
  }
  std::ignore = conf.release();  // the handle's now
  return handle;
}

}  // namespace invoker_kafka
