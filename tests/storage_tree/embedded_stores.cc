// The suite over the stores that need nothing but this process.
#include "scratch_folder.h"
#include "storage_embedded/embedded_store.h"
#include "store_contract.h"

namespace storage_tree {
namespace {

std::unique_ptr<storage::ObjectStore> open_embedded(std::string& /*reason*/) {
  static const storage_objects::ScratchFolder folder;  // of all, until the program ends
  static int opened = 0;
  storage_embedded::EmbeddedOptions options;
  options.directory = folder.path() / std::to_string(++opened);
  auto store = storage_embedded::open_store(options);
  EXPECT_TRUE(store.ok()) << store.error().message;
  return *std::move(store);
}

std::unique_ptr<storage::ObjectStore> open_memory(std::string& /*reason*/) {
  return std::make_unique<MemoryObjectStore>(MemoryObjectStore::Answers::kOnThread);
}

INSTANTIATE_TEST_SUITE_P(Local, TreeOnStore,
                         testing::Values(StoreUnderTest{"Memory", open_memory},
                                         StoreUnderTest{"Embedded", open_embedded}),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace storage_tree
