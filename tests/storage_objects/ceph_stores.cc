// A real Ceph: data replicated, and erasure-coded.
#include "storage_ceph/ceph_store.h"
#include "stores.h"
#include "testing/services.h"

namespace storage_objects {
namespace {

StoreUnderTest ceph(std::string name, std::string data_pool) {
  const auto open = [data_pool](std::string& reason) -> std::unique_ptr<storage::ObjectStore> {
    if (testing_services::address_of("ceph").empty()) {
      reason = "no ceph: " + testing_services::reason_without("ceph");
      return nullptr;
    }
    storage_ceph::CephOptions options;
    options.conf_file = testing_services::folder_of("ceph") / "data" / "larder.conf";
    options.user = "larder";
    options.data_pool = data_pool;
    auto store = storage_ceph::connect(options);
    EXPECT_TRUE(store.ok()) << store.error().message;
    return *std::move(store);
  };
  return {std::move(name), open};
}

}  // namespace

std::vector<StoreUnderTest> stores() {
  return {ceph("Replicated", "larder.data"), ceph("ErasureCoded", "larder.ec")};
}

}  // namespace storage_objects
