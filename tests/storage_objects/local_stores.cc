// The suite over the stores that need nothing but this process.
#include <filesystem>

#include "contract.h"
#include "scratch_folder.h"
#include "storage_embedded/embedded_store.h"
#include "testing/memory_object_store.h"

namespace storage_objects {
namespace {

using testing_support::MemoryObjectStore;

StoreUnderTest memory(std::string name, MemoryObjectStore::Answers answers) {
  return {std::move(name),
          [answers](std::string&) { return std::make_unique<MemoryObjectStore>(answers); }};
}

std::unique_ptr<storage::ObjectStore> open_embedded(std::string& /*reason*/) {
  static const ScratchFolder folder;  // of all, until the program ends
  static int opened = 0;
  storage_embedded::EmbeddedOptions options;
  options.directory = folder.path() / std::to_string(++opened);
  auto store = storage_embedded::open_store(options);
  EXPECT_TRUE(store.ok()) << store.error().message;
  return *std::move(store);
}

INSTANTIATE_TEST_SUITE_P(Local, ObjectStoreContract,
                         testing::Values(memory("Memory", MemoryObjectStore::Answers::kAtOnce),
                                         memory("MemoryThread",
                                                MemoryObjectStore::Answers::kOnThread),
                                         StoreUnderTest{"Embedded", open_embedded}),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace storage_objects
