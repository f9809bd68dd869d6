// The settings, in the words of each part that is built from them.
//
// Pure functions, but for the name in volume_options().
#pragma once

#include "invoker/activation_store.h"
#include "invoker/instance.h"
#include "invoker/invoker.h"
#include "invoker/message_bus.h"
#include "invoker/message_feed.h"
#include "invoker_container/sandbox_factory.h"
#include "invoker_couchdb/couch_actions.h"
#include "invoker_couchdb/couch_activations.h"
#include "invoker_docker/docker_factory.h"
#include "invoker_handoff/handoff.h"
#include "invoker_kafka/kafka.h"
#include "invoker_server/control_server.h"
#include "invoker_settings/settings.h"
#include "invoker_volumes/storaged_volumes.h"

namespace program {

invoker::InvokerInstance instance_of(const invoker_settings::InvokerSettings& settings, int id);

// Of the names of containers: "wsk" + uniqueName + id.
std::string name_prefix_of(const invoker::InvokerInstance& instance);

invoker::InvokerConfig engine_config(const invoker_settings::InvokerSettings& settings,
                                     const invoker::InvokerInstance& instance);
invoker::FeedLimits feed_limits_of(const invoker_settings::InvokerSettings& settings);
invoker::TopicSpec topic_of(const invoker_settings::InvokerSettings& settings,
                            const invoker::InvokerInstance& instance);

invoker_kafka::KafkaConfig kafka_config(const invoker_settings::InvokerSettings& settings);
invoker_couchdb::CouchSettings couch_settings(const invoker_settings::InvokerSettings& settings);
// `runtimes` of the settings has to outlive what is made of it.
invoker_couchdb::CouchActionsConfig actions_config(
    const invoker_settings::InvokerSettings& settings);
invoker_couchdb::CouchActivationsConfig activations_config(
    const invoker_settings::InvokerSettings& settings);
invoker_docker::DockerConfig docker_config(const invoker_settings::InvokerSettings& settings,
                                           const invoker::InvokerInstance& instance);
invoker_container::SandboxConfig sandbox_config(
    const invoker_settings::ContainerSettings& containers,
    const invoker::InvokerInstance& instance);
// A name of its own for each call.
invoker_volumes::StoragedOptions volume_options(const invoker_settings::InvokerSettings& settings);
invoker_handoff::HandoffConfig handoff_config(const invoker_settings::InvokerSettings& settings,
                                              const invoker::InvokerInstance& instance);
// Of the settings: a fleet whose members are written down.
std::vector<invoker_handoff::PeerAddress> peers_of(
    const invoker_settings::InvokerSettings& settings, const invoker::InvokerInstance& instance);
invoker_server::ControlOptions server_options(const invoker_settings::InvokerSettings& settings);

}  // namespace program
