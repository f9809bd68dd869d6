// The object stores that a suite runs over: a program links local_object_stores or
// ceph_object_stores, which say what these are.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "storage/object_store.h"

namespace storage_objects {

struct StoreUnderTest {
  std::string name;
  // Null, with the reason in the text, where this machine cannot run it.
  std::function<std::unique_ptr<storage::ObjectStore>(std::string& reason)> open;
};

inline void PrintTo(const StoreUnderTest& store, std::ostream* out) { *out << store.name; }
inline std::string name_of(const testing::TestParamInfo<StoreUnderTest>& tested) {
  return tested.param.name;
}

std::vector<StoreUnderTest> stores();

}  // namespace storage_objects
