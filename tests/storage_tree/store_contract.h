// What the tree must do on every object store.
#pragma once

#include "stores.h"
#include "tree_fixture.h"

namespace storage_tree {

using storage_objects::StoreUnderTest;

class TreeOnStore : public testing::TestWithParam<StoreUnderTest> {
 protected:
  void SetUp() override;
  std::unique_ptr<Tree> open(const std::string& session, std::uint64_t shard_keys_max = 50'000);

  base::SystemClock clock_;
  std::unique_ptr<storage::ObjectStore> store_;
  std::string space_;
};

}  // namespace storage_tree
