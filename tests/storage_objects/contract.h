// What every object store must do. The suite runs over the stores that a program instantiates it
// with.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "storage/object_store.h"

namespace storage_objects {

struct StoreUnderTest {
  std::string name;
  // Null, with the reason in the text, where this machine cannot run it.
  std::function<std::unique_ptr<storage::ObjectStore>(std::string& reason)> open;
};

inline void PrintTo(const StoreUnderTest& store, std::ostream* out) { *out << store.name; }

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
