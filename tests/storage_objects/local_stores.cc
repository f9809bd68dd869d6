// The suite over the stores that need nothing but this process.
#include "contract.h"
#include "testing/memory_object_store.h"

namespace storage_objects {
namespace {

using testing_support::MemoryObjectStore;

StoreUnderTest memory(std::string name, MemoryObjectStore::Answers answers) {
  return {std::move(name),
          [answers](std::string&) { return std::make_unique<MemoryObjectStore>(answers); }};
}

INSTANTIATE_TEST_SUITE_P(Local, ObjectStoreContract,
                         testing::Values(memory("Memory", MemoryObjectStore::Answers::kAtOnce),
                                         memory("MemoryThread",
                                                MemoryObjectStore::Answers::kOnThread)),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace storage_objects
