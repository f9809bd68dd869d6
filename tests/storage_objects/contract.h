// What every object store must do.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "storage/object_store.h"
#include "stores.h"

namespace storage_objects {

class ObjectStoreContract : public testing::TestWithParam<StoreUnderTest> {
 protected:
  void SetUp() override;

  storage::ObjectStore& store() { return *store_; }
  // In a space that is this test's alone.
  storage::ObjectId metadata(std::string name = "object") const;
  storage::ObjectId data(std::string name = "object") const;

  const std::string space_ = fresh_space();

 private:
  static std::string fresh_space();
  std::unique_ptr<storage::ObjectStore> store_;
};

// For messages, and for comparing with what is expected.
base::ErrorCode code_of(const auto& result) { return result.error().code; }

}  // namespace storage_objects
