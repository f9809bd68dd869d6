#include "container_contract.h"

#include "sandbox_backend.h"

namespace invoker_container {

INSTANTIATE_TYPED_TEST_SUITE_P(Sandbox, ContainerContract, SandboxBackend);
INSTANTIATE_TYPED_TEST_SUITE_P(PlainSandbox, ContainerContract, PlainSandboxBackend);

}  // namespace invoker_container
