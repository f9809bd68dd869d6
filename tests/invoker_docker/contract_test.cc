// The contract of containers, run over Docker: as on a host that shows everything, and with pausing
// and logs left to the daemon.
#include "../invoker_container/container_contract.h"
#include "docker_backend.h"

namespace invoker_container {
namespace {

struct DockerBackend {
  static std::string skip_reason() { return invoker_docker::missing_daemon(); }
  static std::unique_ptr<invoker::ContainerFactory> make_factory() {
    return invoker_docker::make_factory(invoker_docker::test_config());
  }
};

struct DockerByApiBackend {
  static std::string skip_reason() { return invoker_docker::missing_daemon(); }
  static std::unique_ptr<invoker::ContainerFactory> make_factory() {
    invoker_docker::DockerConfig config = invoker_docker::test_config();
    config.use_freezer = false;
    config.use_log_files = false;
    return invoker_docker::make_factory(config);
  }
};

}  // namespace

INSTANTIATE_TYPED_TEST_SUITE_P(Docker, ContainerContract, DockerBackend);
INSTANTIATE_TYPED_TEST_SUITE_P(DockerByApi, ContainerContract, DockerByApiBackend);

}  // namespace invoker_container
