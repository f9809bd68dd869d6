// What OpenWhisk loads by class name: here it is there, or it is refused.
#include "base/text.h"
#include "sections.h"

namespace invoker_settings {
namespace {

constexpr std::string_view kClassic = "org.apache.openwhisk.core.invoker.InvokerReactive";

base::Error other_protocol(const std::string& who) {
  return {base::ErrorCode::kUnsupported,
          who +
              ", and this invoker speaks the classic protocol only: set "
              "CONFIG_whisk_spi_InvokerProvider=" +
              std::string(kClassic) +
              " here (invokerReactive_spi in Ansible) and ShardingContainerPoolBalancer as the "
              "controller's load balancer"};
}

std::string_view class_name(std::string_view provider) {
  return provider.substr(provider.rfind('.') + 1);
}

// The class, where one is named, must be one of `allowed`.
base::Result<std::size_t> provider(const Reader& reader, std::string_view path,
                                   std::initializer_list<std::string_view> allowed) {
  TRY(const auto name, reader.optional_text(path));
  if (!name) return std::size_t{0};
  std::string list;
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    if (class_name(*name) == allowed.begin()[i]) return i;
    list += (i == 0 ? "" : " or ") + std::string(allowed.begin()[i]);
  }
  return base::Error{base::ErrorCode::kUnsupported, reader.place(path) +
                                                        base::quoted(class_name(*name)) +
                                                        " is not built; what there is: " + list};
}

}  // namespace

base::Status check_mode(const Reader& reader, const Layers& layers) {
  constexpr std::string_view kPath = "whisk.spi.InvokerProvider";
  TRY(const auto asked, reader.optional_text(kPath));
  if (asked) {
    if (class_name(*asked) == "InvokerReactive") return {};
    return other_protocol(layers.find(kPath)->origin + " asks for " +
                          std::string(class_name(*asked)));
  }
  if (reader.has("larder.mode")) {
    TRY(const std::size_t mode, reader.choice("larder.mode", {"classic", "fpc"}));
    if (mode == 0) return {};
    return other_protocol(layers.find("larder.mode")->origin + " asks for fpc");
  }
  if (!reader.has("whisk.etcd.hosts")) return {};
  return other_protocol(
      layers.find("whisk.etcd.hosts")->origin +
      " is set and CONFIG_whisk_spi_InvokerProvider is not, so the new scheduler is meant");
}

base::Status check_providers(const Reader& reader) {
  TRY_STATUS(provider(reader, "whisk.spi.MessagingProvider", {"KafkaMessagingProvider"}));
  TRY_STATUS(provider(reader, "whisk.spi.ArtifactStoreProvider", {"CouchDbStoreProvider"}));
  TRY_STATUS(
      provider(reader, "whisk.spi.ActivationStoreProvider", {"ArtifactActivationStoreProvider"}));
  return {};
}

base::Status read_provided_containers(const Reader& reader, ContainerSettings& containers) {
  TRY_STATUS(
      provider(reader, "whisk.spi.ContainerFactoryProvider", {"DockerContainerFactoryProvider"}));
  TRY(const std::size_t logs,
      provider(reader, "whisk.spi.LogStoreProvider",
               {"DockerToActivationLogStoreProvider", "LogDriverLogStoreProvider"}));
  containers.logs = logs == 0 ? LogStore::kRecord : LogStore::kOutside;
  return {};
}

}  // namespace invoker_settings
