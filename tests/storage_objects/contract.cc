#include "contract.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <utility>

namespace storage_objects {

void ObjectStoreContract::SetUp() {
  std::string reason;
  store_ = GetParam().open(reason);
  if (store_ == nullptr) GTEST_SKIP() << reason;
}

std::string ObjectStoreContract::fresh_space() {
  static std::atomic<int> made = 0;
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return "contract-" + std::to_string(now) + "-" + std::to_string(::getpid()) + "-" +
         std::to_string(++made);
}

storage::ObjectId ObjectStoreContract::metadata(std::string name) const {
  return {storage::Pool::kMetadata, space_, std::move(name)};
}

storage::ObjectId ObjectStoreContract::data(std::string name) const {
  return {storage::Pool::kData, space_, std::move(name)};
}

INSTANTIATE_TEST_SUITE_P(Every, ObjectStoreContract, testing::ValuesIn(stores()), name_of);

}  // namespace storage_objects
