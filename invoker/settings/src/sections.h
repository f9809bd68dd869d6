// Each part of the settings, read by itself. Errors: those of Reader, and kUnsupported.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "invoker_settings/settings.h"
#include "layers.h"
#include "reader.h"

namespace invoker_settings {

// Nothing but classic is spoken here: anything else is refused with what to set.
base::Status check_mode(const Reader& reader, const Layers& layers);
// What OpenWhisk calls service providers: databases, message bus.
base::Status check_providers(const Reader& reader);

base::Status read_identity(const Reader& reader, IdentitySettings& identity);
base::Status read_kafka(const Reader& reader, KafkaSettings& kafka);
base::Status read_couch(const Reader& reader, CouchSettings& couch);
base::Status read_pool(const Reader& reader, InvokerSettings& settings);
// The kind of container and of log store.
base::Status read_provided_containers(const Reader& reader, ContainerSettings& containers);
base::Status read_containers(const Reader& reader, ContainerSettings& containers);
base::Status read_volumes(const Reader& reader, VolumeSettings& volumes);
base::Status read_limits(const Reader& reader, LimitSettings& limits);
base::Status read_records(const Reader& reader, RecordSettings& records);
base::Status read_parameter_storage(const Reader& reader, ParameterStorageSettings& storage);
base::Status read_server(const Reader& reader, ServerSettings& server);
// After the pool, of which it takes a part.
base::Status read_handoff(const Reader& reader, InvokerSettings& settings);
base::Status read_metrics(const Reader& reader, MetricsSettings& metrics);
base::Status read_log(const Reader& reader, base::LogConfig& log);
// RUNTIMES_MANIFEST, and the stem cells that the pool keeps. Adds to `notices`.
base::Status read_runtimes(const Reader& reader, InvokerSettings& settings,
                           std::vector<std::string>& notices);
base::Result<std::string> read_api_host(const Reader& reader);

}  // namespace invoker_settings
