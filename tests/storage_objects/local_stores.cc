// The stores that need nothing but this process.
#include "storage_embedded/embedded_store.h"
#include "stores.h"
#include "testing/memory_object_store.h"
#include "testing/scratch_folder.h"

namespace storage_objects {
namespace {

using testing_support::MemoryObjectStore;

StoreUnderTest memory(std::string name, MemoryObjectStore::Answers answers) {
  return {std::move(name),
          [answers](std::string&) { return std::make_unique<MemoryObjectStore>(answers); }};
}

std::unique_ptr<storage::ObjectStore> open_embedded(std::string& /*reason*/) {
  static const testing_support::ScratchFolder folder;  // of all, until the program ends
  static int opened = 0;
  storage_embedded::EmbeddedOptions options;
  options.directory = folder.path() / std::to_string(++opened);
  auto store = storage_embedded::open_store(options);
  EXPECT_TRUE(store.ok()) << store.error().message;
  return *std::move(store);
}

}  // namespace

std::vector<StoreUnderTest> stores() {
  return {memory("Memory", MemoryObjectStore::Answers::kAtOnce),
          memory("MemoryThread", MemoryObjectStore::Answers::kOnThread),
          {"Embedded", open_embedded}};
}

}  // namespace storage_objects
